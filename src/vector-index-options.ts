import { availableParallelism } from "node:os";

import { CountenanceError } from "./errors.js";
import { nativeIds } from "./internal/native-ids.js";
import {
  integerIn,
  invalidArgument,
  numberIn,
  oneOf,
  optionalSignal,
  plainOptions,
} from "./internal/validate.js";
import { isFloat32Array, lengthOf } from "./internal/typed-array.js";

export const INDEX_METRICS = ["l2", "cosine"] as const;
export const INDEX_FORMATS = ["countenance", "faiss"] as const;

export type IndexMetric = (typeof INDEX_METRICS)[number];
export type IndexFormat = (typeof INDEX_FORMATS)[number];

const MAX_DIMENSION = 4096;
/** More threads than these make one index's searches compete with everything else. */
const DEFAULT_MAX_THREADS = 4;
const MAX_HITS = 1000;
const MAX_HITS_WITHIN = 1_000_000;
/** Of one batch together: each hit is an object. */
const MAX_BATCH_HITS = 10_000_000;

export interface VectorIndexOptions {
  /** Numbers in a vector, 1..4096. */
  readonly dimension: number;
  /**
   * What a distance is. `l2` (default) is Euclidean. `cosine` is 1 - cosine, 0..2: vectors are
   * normalised when they are added, and none may be zero.
   */
  readonly metric?: IndexMetric | undefined;
  /** How it searches: `flat` (default) is exact. */
  readonly kind?: "flat" | undefined;
  /** Threads that search, 1..64. Default: the number of cores, at most 4. One more makes changes. */
  readonly threads?: number | undefined;
  /** How many calls may wait or run at once, 1..100,000, before `BUSY`. Default 256. */
  readonly queueLimit?: number | undefined;
}

export interface IndexSearchOptions<Id extends string | number> {
  /** How many, nearest first: 1..1000, with `maxDistance` 1..1,000,000. Default 10. */
  readonly k?: number | undefined;
  /** None that is farther away than this. */
  readonly maxDistance?: number | undefined;
  /** None but these; ids that are not there are passed over. */
  readonly candidates?: readonly Id[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function indexOptionsOf(options: unknown) {
  const given = plainOptions("options", options, [
    "dimension",
    "metric",
    "kind",
    "threads",
    "queueLimit",
  ]);
  if (given.kind !== undefined) oneOf("kind", given.kind, ["flat"]);
  return {
    dimension: integerIn("dimension", given.dimension, 1, MAX_DIMENSION),
    metric: given.metric === undefined ? "l2" : oneOf("metric", given.metric, INDEX_METRICS),
    threads:
      given.threads === undefined
        ? Math.min(DEFAULT_MAX_THREADS, availableParallelism())
        : integerIn("threads", given.threads, 1, 64),
    queueLimit:
      given.queueLimit === undefined ? 256 : integerIn("queueLimit", given.queueLimit, 1, 100_000),
  };
}

/** @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function searchOptionsOf(options: unknown, queries: number) {
  const given = plainOptions("options", options, ["k", "maxDistance", "candidates", "signal"]);
  const maxDistance =
    given.maxDistance === undefined
      ? Infinity
      : numberIn("maxDistance", given.maxDistance, 0, Number.MAX_VALUE);
  const most = maxDistance === Infinity ? MAX_HITS : MAX_HITS_WITHIN;
  const k = given.k === undefined ? 10 : integerIn("k", given.k, 1, most);
  if (k * queries > MAX_BATCH_HITS) {
    throw refusal(
      `k: expected at most ${String(MAX_BATCH_HITS)} results of a batch, got ${String(queries)} x ${String(k)}`,
    );
  }
  return {
    k,
    maxDistance,
    candidates:
      given.candidates === undefined ? undefined : nativeIds("candidates", given.candidates),
    signal: optionalSignal("signal", given.signal),
  };
}

/**
 * An array of `count` vectors, or of any number when that is undefined.
 * @throws {CountenanceError} `INVALID_ARGUMENT`.
 */
export function vectorsOf(
  name: string,
  value: unknown,
  dimension: number,
  count?: number,
): Float32Array {
  if (!isFloat32Array(value)) throw invalidArgument(name, "a Float32Array", value);
  const length = lengthOf(value);
  if (count === undefined ? length % dimension === 0 : length === count * dimension) return value;
  const wanted = count === undefined ? "a multiple of" : `${String(count)} x`;
  throw refusal(
    `${name}: expected ${wanted} ${String(dimension)} values, got ${String(length)} values`,
  );
}

function refusal(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", message);
}
