import { availableParallelism } from "node:os";

import {
  integerIn,
  invalidArgument,
  oneOf,
  optionalSignal,
  plainOptions,
} from "./internal/validate.js";
import { modelFolder } from "./models.js";

export const DETECTORS = ["blazeface", "hog", "yunet"] as const;
export const ALIGNMENTS = ["mesh", "dlib"] as const;
export const PRECISIONS = ["auto", "f32", "bf16", "int8"] as const;

export type Detector = (typeof DETECTORS)[number];
export type Alignment = (typeof ALIGNMENTS)[number];
export type Precision = (typeof PRECISIONS)[number];

export interface EngineOptions {
  /** The folder of the converted models. Default: the one inside the package. */
  readonly models?: string | undefined;
  /**
   * What finds faces: `blazeface` (default), turned and small ones too; `hog` is dlib's, for upright
   * frontal faces only; `yunet` is libfacedetection's, once you have added its model
   * (`countenance models add yunet <file>`). Templates of different detectors compare.
   */
  readonly detector?: Detector | undefined;
  /**
   * What turns a face upright and to size: `mesh` (default) by 468 points, `dlib` by five, which is
   * closest to templates that dlib or face_recognition made. Templates of different alignments do
   * not compare.
   */
  readonly alignment?: Alignment | undefined;
  /**
   * What templates are computed in. `auto` (default) is bf16 where the CPU has it, else f32: their
   * templates compare. int8 is the fastest; its templates compare with each other only.
   */
  readonly precision?: Precision | undefined;
  /** Native worker threads, 1..256. Default: the number of cores. */
  readonly threads?: number | undefined;
  /** How many calls may wait or run at once, 1..100,000, before `BUSY`. Default 256. */
  readonly queueLimit?: number | undefined;
  /** The largest encoded picture. Default 32 MiB. */
  readonly maxImageBytes?: number | undefined;
  /** The largest decoded picture. Default 50,000,000. */
  readonly maxImagePixels?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function engineOptionsOf(options: unknown) {
  const given = plainOptions("options", options, [
    "models",
    "detector",
    "alignment",
    "precision",
    "threads",
    "queueLimit",
    "maxImageBytes",
    "maxImagePixels",
    "signal",
  ]);
  const integer = (
    name: "threads" | "queueLimit" | "maxImageBytes" | "maxImagePixels",
    max: number,
  ) => (given[name] === undefined ? undefined : integerIn(name, given[name], 1, max));
  const { models } = given;
  if (models !== undefined && typeof models !== "string") {
    throw invalidArgument("models", "the path of a folder", models);
  }
  return {
    folder: models ?? modelFolder(),
    detector:
      given.detector === undefined ? "blazeface" : oneOf("detector", given.detector, DETECTORS),
    alignment:
      given.alignment === undefined ? "mesh" : oneOf("alignment", given.alignment, ALIGNMENTS),
    precision:
      given.precision === undefined ? "auto" : oneOf("precision", given.precision, PRECISIONS),
    threads: integer("threads", 256) ?? availableParallelism(),
    queueLimit: integer("queueLimit", 100_000) ?? 256,
    maxImageBytes: integer("maxImageBytes", 2 ** 31),
    maxImagePixels: integer("maxImagePixels", 2 ** 31),
    signal: optionalSignal("signal", given.signal),
  };
}
