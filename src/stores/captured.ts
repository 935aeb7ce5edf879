import type { Box } from "../face.js";
import { jsonText } from "../internal/validate.js";
import { checkFinite, checkId, checkObject, checkVector, invalid } from "./checks.js";
import type { FaceRecord, StoreOperation } from "./store.js";

export interface CapturedSubject {
  readonly id: string;
  /** JSON text. */
  readonly metadata: string | undefined;
  readonly createdAtMs: number;
}

/** A step of a transaction that its caller cannot change any more, with metadata as JSON text. */
export type CapturedOperation =
  | Exclude<StoreOperation, { readonly kind: "create-subject" | "set-metadata" }>
  | { readonly kind: "create-subject"; readonly subject: CapturedSubject }
  | {
      readonly kind: "set-metadata";
      readonly subjectId: string;
      readonly metadata: string | undefined;
    };

/**
 * Checks and copies operations. Call it before anything is awaited: the caller's objects may change
 * in the meantime, and one that turns bad half way would leave half a transaction.
 * @param copy  Copies a vector of `dimension` values.
 */
export function capture(
  operations: readonly StoreOperation[],
  dimension: number,
  copy: CopyVector = (vector) => vector.slice(),
): readonly CapturedOperation[] {
  const given: unknown = operations;
  if (!Array.isArray(given)) throw invalid("operations: expected an array");
  return operations.map((operation) => captureOne(operation, dimension, copy));
}

type CopyVector = (vector: Float32Array) => Float32Array;

/** How many vectors share their memory. */
const SHARING = 1024;

/**
 * Copies vectors into memory that many share: for a store that soon forgets them all, at a third of
 * the time that a buffer for each takes to make and to free.
 */
export function sharedCopies(dimension: number): CopyVector {
  let memory = new Float32Array(0);
  let used = 0;
  let size = dimension; // grows, as most transactions have one vector
  return (vector) => {
    if (used === memory.length) {
      memory = new Float32Array(size);
      size = Math.min(size * 4, SHARING * dimension);
      used = 0;
    }
    memory.set(vector, used);
    used += dimension;
    return memory.subarray(used - dimension, used);
  };
}

function captureOne(
  operation: StoreOperation,
  dimension: number,
  copy: CopyVector,
): CapturedOperation {
  checkObject("operations", operation);
  const { kind } = operation;
  switch (kind) {
    case "expect-subject":
      return { kind, subjectId: subjectOf(operation), revision: operation.revision };
    case "create-subject": {
      checkObject("subject", operation.subject);
      const { id, metadata, createdAtMs } = operation.subject;
      checkId("subject.id", id);
      checkFinite("subject.createdAtMs", createdAtMs);
      return { kind, subject: { id, metadata: jsonOf(metadata), createdAtMs } };
    }
    case "set-metadata":
      return { kind, subjectId: subjectOf(operation), metadata: jsonOf(operation.metadata) };
    case "delete-subject":
      return { kind, subjectId: subjectOf(operation) };
    case "add-face":
      return { kind, face: faceOf(operation.face, dimension, copy) };
    case "remove-face": {
      const { faceId } = operation;
      checkId("faceId", faceId);
      return { kind, subjectId: subjectOf(operation), faceId };
    }
    case "create-gallery":
    case "ensure-gallery":
    case "delete-gallery":
      return { kind, galleryId: galleryOf(operation) };
    case "add-member":
    case "remove-member":
      return { kind, galleryId: galleryOf(operation), subjectId: subjectOf(operation) };
    default:
      throw invalid("operations: expected operations of the kinds of a StoreOperation");
  }
}

function subjectOf({ subjectId }: { readonly subjectId: string }): string {
  checkId("subjectId", subjectId);
  return subjectId;
}

function galleryOf({ galleryId }: { readonly galleryId: string }): string {
  checkId("galleryId", galleryId);
  return galleryId;
}

function jsonOf(metadata: unknown): string | undefined {
  return metadata === undefined ? undefined : jsonText("metadata", metadata);
}

function faceOf(face: FaceRecord, dimension: number, copy: CopyVector): FaceRecord {
  checkObject("face", face);
  const { id, subjectId, vector, box, score, createdAtMs } = face;
  checkId("face.id", id);
  checkId("face.subjectId", subjectId);
  checkVector("face.vector", vector, dimension);
  if (score !== undefined) checkFinite("face.score", score);
  checkFinite("face.createdAtMs", createdAtMs);
  return { id, subjectId, vector: copy(vector), box: optionalBoxOf(box), score, createdAtMs };
}

function optionalBoxOf(box: Box | undefined): Box | undefined {
  if (box === undefined) return undefined;
  checkObject("face.box", box);
  const { x, y, width, height } = box;
  for (const value of [x, y, width, height]) checkFinite("face.box", value);
  return { x, y, width, height };
}

/** The ids that some operations name. */
export function namedIds(operations: readonly CapturedOperation[]): {
  readonly subjects: readonly string[];
  readonly galleries: readonly string[];
} {
  const subjects = new Set<string>();
  const galleries = new Set<string>();
  for (const operation of operations) {
    if (operation.kind === "create-subject") subjects.add(operation.subject.id);
    else if (operation.kind === "add-face") subjects.add(operation.face.subjectId);
    else if ("subjectId" in operation) subjects.add(operation.subjectId);
    if ("galleryId" in operation) galleries.add(operation.galleryId);
  }
  return { subjects: [...subjects], galleries: [...galleries] };
}
