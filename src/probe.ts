import { CountenanceError } from "./errors.js";
import {
  type AnalyzeOptions,
  type EmbeddedFace,
  type Engine,
  largestFace,
  singleFace,
} from "./engine.js";
import type { Face } from "./face.js";
import type { ImageInput } from "./image.js";
import { comparable } from "./pipeline.js";
import { asTemplate, type Template } from "./template.js";

/** What may stand for a face: a picture, or a template that was made before. */
export type Probe = ImageInput | Template;

export interface ProbeFace {
  readonly template: Template;
  /** Undefined when the probe was a template. */
  readonly face: Face | undefined;
}

/**
 * The one face of a probe: a picture with several is refused.
 * @throws {CountenanceError} `NO_FACE`, `MULTIPLE_FACES`, `MODEL_MISMATCH`, and what
 * `engine.analyze` throws.
 */
export function onlyFaceOf(engine: Engine, probe: Probe, signal: AbortSignal): Promise<ProbeFace> {
  // Two are enough to know that there are several.
  return faceOf(engine, probe, singleFace, { maxFaces: 2, signal });
}

/**
 * The largest face of a probe: who stands in front is who asks.
 * @throws {CountenanceError} `NO_FACE`, `MODEL_MISMATCH`, and what `engine.analyze` throws.
 */
export function largestFaceOf(
  engine: Engine,
  probe: Probe,
  signal: AbortSignal,
): Promise<ProbeFace> {
  return faceOf(engine, probe, largestFace, { maxFaces: 1, signal });
}

async function faceOf(
  engine: Engine,
  probe: Probe,
  choose: (faces: readonly Face[]) => EmbeddedFace,
  options: AnalyzeOptions,
): Promise<ProbeFace> {
  const template = asTemplate(probe);
  if (template !== undefined) return sameModel(engine, template);
  // It is no template, so it is what is left of Probe; the engine judges what it is.
  const face = choose(await engine.analyze(probe as ImageInput, options));
  return { template: face.template, face };
}

function sameModel(engine: Engine, template: Template): ProbeFace {
  if (!comparable(template, engine)) {
    throw new CountenanceError(
      "COUNTENANCE_MODEL_MISMATCH",
      `template: expected one of ${engine.modelId}, ${engine.pipeline}, got one of another model or pipeline: give its picture instead`,
    );
  }
  return { template, face: undefined };
}
