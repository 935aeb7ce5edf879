import { createEngine } from "../../src/engine.js";
import type { BenchCase, Check, Row } from "../case.js";
import { blinkPart } from "../liveness/blink-part.js";
import type { MeasurePart } from "../liveness/part.js";
import { passivePart } from "../liveness/passive-part.js";
import { stillPart } from "../liveness/still-part.js";
import { timePart } from "../liveness/time-part.js";

const PARTS: readonly MeasurePart[] = [blinkPart, stillPart, timePart, passivePart];

/** What liveness finds and does not find; how each number is counted is in bench/README.md. */
export const liveness: BenchCase = {
  name: "liveness",
  summary: "blinks in labelled clips and in still photos, the passive check, time per clip",
  async run(progress) {
    await using engine = await createEngine();
    const facts: Record<string, number | string> = {};
    const checks: Check[] = [];
    const rows: Row[] = [];
    for (const part of PARTS) {
      const measured = await part(engine, progress);
      Object.assign(facts, measured.facts);
      checks.push(...(measured.checks ?? []));
      rows.push(...(measured.rows ?? []));
    }
    return { rows, ratios: {}, facts, checks };
  },
};
