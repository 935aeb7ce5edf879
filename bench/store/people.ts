import type { Store, StoreOperation } from "../../src/index.js";

/** People are rows of a file of vectors, under such ids. */
export function nameOf(row: number): string {
  return `person-${String(row).padStart(9, "0")}`;
}

/** What it takes to register somebody with one face. */
export function person(id: string, vector: Float32Array): readonly StoreOperation[] {
  return [
    { kind: "create-subject", subject: { id, metadata: undefined, createdAtMs: 1 } },
    { kind: "add-face", face: faceOf(id, "a", vector) },
  ];
}

export function faceOf(subjectId: string, name: string, vector: Float32Array) {
  const id = `${subjectId}-${name}`;
  return { id, subjectId, vector, box: undefined, score: undefined, createdAtMs: 1 };
}

/** @throws {Error} when the store refuses: ids here are never in each other's way. */
export async function write(store: Store, operations: readonly StoreOperation[]): Promise<void> {
  const result = await store.transaction(operations);
  if (!result.committed) throw new Error(`error: refused: ${result.reason}`);
}
