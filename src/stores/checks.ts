import { CountenanceError } from "../errors.js";
import { isFloat32Array } from "../internal/typed-array.js";
import type { ChangesOptions, PageOptions, StoredModel, VectorSearchOptions } from "./store.js";

// What every store checks alike, so that they refuse alike.

/** The longest id: of a subject, a face, a gallery. */
const MAX_ID_BYTES = 1024;

/** The largest dimension of our own index. */
export const MAX_DIMENSION = 4096;
/** How many of the newest changes our stores keep. */
export const KEPT_CHANGES = 100_000;
const MAX_CHANGES_LIMIT = 10_000;

export function invalid(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", message);
}

/** Half a surrogate pair has no UTF-8, so two such ids could become one. */
export function checkId(name: string, id: string): void {
  if (typeof id !== "string" || (hasSurrogate(id) && /\p{Surrogate}/u.test(id))) {
    throw invalid(`${name}: expected a string of well-formed Unicode`);
  }
  if (id.length * 3 > MAX_ID_BYTES && Buffer.byteLength(id) > MAX_ID_BYTES) {
    throw invalid(`${name}: expected at most ${String(MAX_ID_BYTES)} bytes of UTF-8`);
  }
}

/** Also of a whole pair. Most ids have none, and this takes a fraction of the time. */
function hasSurrogate(id: string): boolean {
  for (let i = 0; i < id.length; i++) {
    if ((id.charCodeAt(i) & 0xf800) === 0xd800) return true;
  }
  return false;
}

export function checkVector(name: string, vector: Float32Array, dimension: number): void {
  if (!isFloat32Array(vector) || vector.length !== dimension) {
    throw invalid(`${name}: expected a Float32Array of ${String(dimension)} values`);
  }
  // One sum tells whether all are finite: floats cannot add up to infinity in a double.
  let sum = 0;
  for (let i = 0; i < dimension; i++) sum += Math.abs(vector[i] ?? NaN);
  if (!Number.isFinite(sum)) throw invalid(`${name}: expected finite values`);
}

export function checkObject(name: string, value: object): void {
  if (typeof value !== "object" || !value) throw invalid(`${name}: expected objects`);
}

export function checkFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw invalid(`${name}: expected finite numbers`);
}

export function checkInteger(name: string, value: number, high: number): void {
  if (!Number.isInteger(value) || value < 1 || value > high) {
    throw invalid(`${name}: expected an integer in 1..${String(high)}, got ${String(value)}`);
  }
}

export function checkModel(model: StoredModel): void {
  checkId("modelId", model.modelId);
  checkId("pipeline", model.pipeline);
  checkInteger("dimension", model.dimension, MAX_DIMENSION);
}

export function checkPage(options: PageOptions & { readonly gallery?: string }): void {
  checkInteger("limit", options.limit, 1000);
  if (options.after !== undefined) checkId("after", options.after);
  if (options.gallery !== undefined) checkId("gallery", options.gallery);
}

export function checkSearch(
  vector: Float32Array,
  options: VectorSearchOptions,
  dimension: number,
): void {
  checkVector("vector", vector, dimension);
  checkInteger("k", options.k, 1000);
  if (options.gallery !== undefined) checkId("gallery", options.gallery);
  for (const id of options.candidates ?? []) checkId("candidates", id);
}

/** What an argument of `changesSince` must be. */
export function checkChanges(sequence: number, options: ChangesOptions): void {
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw invalid("sequence: expected the sequence of a transaction, or 0");
  }
  checkInteger("limit", options.limit, MAX_CHANGES_LIMIT);
}

/** The error of a store without what was asked for. */
export function unsupported(what: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_UNSUPPORTED", `${what}: this store does not support it`);
}
