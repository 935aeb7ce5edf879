import assert from "node:assert/strict";

import type { ErrorCode } from "../errors.js";
import type {
  FaceRecord,
  Metadata,
  Store,
  StoredModel,
  StoreOperation,
  SubjectRecord,
  VectorSearchOptions,
} from "../stores/store.js";

// What the rules share: small vectors, subjects made of them, and what to expect of them.

export const DIMENSION = 8;
export const MODEL: StoredModel = { modelId: "m", pipeline: "p/f32", dimension: DIMENSION };

/** A vector that is easy to read: the first values, then zeros. */
export function vector(...values: readonly number[]): Float32Array {
  const result = new Float32Array(DIMENSION);
  result.set(values);
  return result;
}

let faces = 0;
export function face(subjectId: string, at: Float32Array, id = `f${String(++faces)}`): FaceRecord {
  return { id, subjectId, vector: at, box: undefined, score: undefined, createdAtMs: 5 };
}

/** Makes a subject of one face, a member of some galleries. */
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

/** Makes a subject of one face that metadata are known of. */
export function described(id: string, at: Float32Array, metadata: Metadata): StoreOperation[] {
  return [
    { kind: "create-subject", subject: { id, metadata, createdAtMs: 1 } },
    { kind: "add-face", face: face(id, at) },
  ];
}

export function deleted(subjectId: string): StoreOperation {
  return { kind: "delete-subject", subjectId };
}

/** Asserts on the code only: messages and classes are each store's own. */
export async function failsWith(code: ErrorCode, work: () => Promise<unknown>): Promise<void> {
  const outcome = await Promise.resolve()
    .then(work)
    .then(
      () => "no error",
      (error: unknown) => codeOf(error),
    );
  assert.equal(outcome, code);
}

export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : error;
}

/** @returns the sequence. */
export async function commit(store: Store, operations: readonly StoreOperation[]): Promise<number> {
  const result = await store.transaction(operations);
  if (result.committed) return result.sequence;
  assert.fail(`the transaction was refused: ${result.reason}, step ${String(result.failed)}`);
}

/** Who is found, nearest first. */
export async function idsOf(
  store: Store,
  at: Float32Array,
  options: Partial<VectorSearchOptions> = {},
): Promise<string[] | undefined> {
  const result = await store.search(at, { k: 10, ...options });
  return result?.hits.map((hit) => hit.subjectId);
}

/** A subject as plain values, which compare whatever classes a store returns. */
export function plain(subject: SubjectRecord | undefined): unknown {
  if (subject === undefined) return undefined;
  const { id, metadata, createdAtMs, revision } = subject;
  return {
    ...{ id, metadata, createdAtMs, revision },
    faces: subject.faces.map(plainFace),
    galleries: [...subject.galleries],
  };
}

export function plainFace({ id, subjectId, vector: at, box, score, createdAtMs }: FaceRecord) {
  const place = box && [box.x, box.y, box.width, box.height];
  return { id, subjectId, vector: [...at], box: place, score, createdAtMs };
}

export async function subjectOf(store: Store, id: string): Promise<SubjectRecord> {
  return (await store.getSubject(id)) ?? assert.fail("a subject that was written is not there");
}

/** All ids, page by page. */
export async function allSubjects(store: Store, limit = 1000, gallery?: string): Promise<string[]> {
  const ids: string[] = [];
  const seen = new Set<string>();
  for (;;) {
    const last = ids.at(-1);
    const page = await store.listSubjects({
      limit,
      ...(last !== undefined && { after: last }),
      ...(gallery !== undefined && { gallery }),
    });
    for (const { id } of page ?? []) {
      assert.equal(seen.has(id), false, "an id on two pages");
      seen.add(id);
      ids.push(id);
    }
    if ((page ?? []).length < limit) return ids;
  }
}

/** Lets everything else have its turn on the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((go) => setImmediate(go));
}

/** Euclidean, in double. */
export function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2;
  return Math.sqrt(sum);
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
