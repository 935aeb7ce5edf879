import { expect } from "vitest";

import type { ErrorCode } from "../../src/errors.js";
import type { FaceRecord, Store, StoredModel, StoreOperation } from "../../src/stores/store.js";

// What the tests of stores share: small vectors, subjects made of them, and what to expect.

export const DIMENSION = 8;
export const MODEL: StoredModel = { modelId: "m", pipeline: "p", dimension: DIMENSION };

/** Vectors that are easy to read: the first values, then zeros. */
export function vector(...values: readonly number[]): Float32Array {
  const result = new Float32Array(DIMENSION);
  result.set(values);
  return result;
}

let faces = 0;
export function face(subjectId: string, at: Float32Array, id = `f${String(++faces)}`): FaceRecord {
  return { id, subjectId, vector: at, box: undefined, score: undefined, createdAtMs: 5 };
}

export function created(id: string, at: Float32Array, ...galleries: string[]): StoreOperation[] {
  return [
    { kind: "create-subject", subject: { id, metadata: undefined, createdAtMs: 1 } },
    { kind: "add-face", face: face(id, at) },
    ...galleries.flatMap((galleryId): StoreOperation[] => [
      { kind: "ensure-gallery", galleryId },
      { kind: "add-member", galleryId, subjectId: id },
    ]),
  ];
}

export async function failsWith(code: ErrorCode, work: () => Promise<unknown>): Promise<void> {
  await expect(work()).rejects.toMatchObject({ code });
}

/** @returns the sequence. */
export async function commit(store: Store, operations: readonly StoreOperation[]): Promise<number> {
  const result = await store.transaction(operations);
  if (!result.committed) throw new Error(`refused: ${result.reason} at ${String(result.failed)}`);
  return result.sequence;
}

/** Who is found, nearest first. */
export async function idsOf(store: Store, at: Float32Array, k = 10, rest = {}): Promise<string[]> {
  const result = await store.search(at, { k, ...rest });
  return (result?.hits ?? []).map((hit) => hit.subjectId);
}

/** A reproducible 0..1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
