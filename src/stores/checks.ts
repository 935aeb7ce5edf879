import { CountenanceError } from "../errors.js";
import { isFloat32Array } from "../internal/typed-array.js";
import type { PageOptions, StoredModel, VectorSearchOptions } from "./store.js";

// What every store checks alike, so that they refuse alike.

/** The largest dimension of our own index. */
export const MAX_DIMENSION = 4096;

export function invalid(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", message);
}

/** Half a surrogate pair has no UTF-8, so two such ids could become one. */
export function checkId(name: string, id: string): void {
  if (typeof id !== "string" || /\p{Surrogate}/u.test(id)) {
    throw invalid(`${name}: expected a string of well-formed Unicode`);
  }
}

export function checkVector(name: string, vector: Float32Array, dimension: number): void {
  if (!isFloat32Array(vector) || vector.length !== dimension) {
    throw invalid(`${name}: expected a Float32Array of ${String(dimension)} values`);
  }
  if (!vector.every(Number.isFinite)) throw invalid(`${name}: expected finite values`);
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
