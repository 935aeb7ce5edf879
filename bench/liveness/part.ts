import type { Engine } from "../../src/engine.js";
import type { CaseResult } from "../case.js";

/** What one part of the case `liveness` adds to its report. */
export interface LivenessPart {
  readonly facts: NonNullable<CaseResult["facts"]>;
  readonly checks?: CaseResult["checks"];
  readonly rows?: CaseResult["rows"];
}

export type MeasurePart = (
  engine: Engine,
  progress: (text: string) => void,
) => Promise<LivenessPart>;
