import { randomUUID } from "node:crypto";

import type { Engine } from "./engine.js";
import { CountenanceError } from "./errors.js";
import type { Face } from "./face.js";
import { integerIn } from "./internal/validate.js";
import { onlyFaceOf, type Probe, type ProbeFace } from "./probe.js";
import { refusalError } from "./refusals.js";
import type { FaceRecord, Metadata, Store, StoreOperation } from "./stores/store.js";
import { euclidean, type Template } from "./template.js";

/**
 * A face that is farther than this from each other face of its subject is refused. 0.6 is the
 * distance below which dlib's author calls two faces one person's; it is wider than the threshold
 * of a match because the question is "can this be a mistake?", not "is this proof?".
 */
export const MISMATCH_DISTANCE = 0.6;

export interface RegisterOptions {
  /** A gallery that the subject joins; it is created when it is new. */
  readonly gallery?: string;
  readonly galleries?: readonly string[];
  /** Replaces what an existing subject had. */
  readonly metadata?: Metadata;
  /** What to do when the id exists. Default: `SUBJECT_EXISTS` is thrown. */
  readonly ifExists?: "add" | "replace";
  readonly signal?: AbortSignal;
}

export interface Registration {
  readonly subjectId: string;
  /** One per picture, in the order given. */
  readonly faceIds: readonly string[];
  /** One per picture; undefined where a template was given. */
  readonly faces: readonly (Face | undefined)[];
}

export interface RegistrationRequest {
  readonly subjectId: string;
  readonly probes: readonly Probe[];
  readonly galleries: readonly string[];
  readonly metadata: Metadata | undefined;
  readonly ifExists: "add" | "replace" | undefined;
}

/**
 * Registers one subject, all or nothing.
 *
 * The subject may appear or vanish between the look and the write: the store refuses such a write
 * as a whole, and the look is taken again.
 */
export async function registerSubject(
  engine: Engine,
  store: Store,
  request: RegistrationRequest,
  signal: AbortSignal,
): Promise<Registration> {
  const { subjectId, ifExists } = request;
  if (ifExists === undefined && (await store.getSubject(subjectId, { signal })) !== undefined) {
    throw refusalError("subject-exists");
  }
  const probes = await facesOf(engine, request.probes, signal);
  for (;;) {
    const existing = await store.getSubject(subjectId, { signal });
    if (existing !== undefined && ifExists === undefined) throw refusalError("subject-exists");
    const kept = ifExists === "replace" ? [] : (existing?.faces ?? []);
    refuseMismatch(
      probes.map((probe) => probe.template),
      kept.map((face) => face.vector),
    );
    const faces = probes.map((probe) => faceRecord(subjectId, probe));
    const result = await store.transaction(
      [
        ...subjectOperations(request, existing !== undefined),
        ...faces.map((face): StoreOperation => ({ kind: "add-face", face })),
        ...request.galleries.flatMap((galleryId): StoreOperation[] => [
          { kind: "ensure-gallery", galleryId },
          { kind: "add-member", galleryId, subjectId },
        ]),
      ],
      { signal },
    );
    if (result.committed) {
      return {
        subjectId,
        faceIds: faces.map((face) => face.id),
        faces: probes.map((probe) => probe.face),
      };
    }
  }
}

/**
 * Adds faces to a subject that exists, all or nothing.
 * @throws {CountenanceError} `SUBJECT_NOT_FOUND`, `FACE_MISMATCH`, and what `onlyFaceOf` throws.
 */
export async function addFaces(
  engine: Engine,
  store: Store,
  subjectId: string,
  images: readonly Probe[],
  signal: AbortSignal,
): Promise<Registration> {
  const existing = await store.getSubject(subjectId, { signal });
  if (existing === undefined) throw refusalError("subject-missing");
  const probes = await facesOf(engine, images, signal);
  refuseMismatch(
    probes.map((probe) => probe.template),
    existing.faces.map((face) => face.vector),
  );
  const faces = probes.map((probe) => faceRecord(subjectId, probe));
  const result = await store.transaction(
    faces.map((face) => ({ kind: "add-face", face })),
    { signal },
  );
  if (!result.committed) throw refusalError("subject-missing");
  return {
    subjectId,
    faceIds: faces.map((face) => face.id),
    faces: probes.map((probe) => probe.face),
  };
}

/** One probe, or a list of 1..100, as a list. @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function probeList(images: Probe | readonly Probe[]): readonly Probe[] {
  if (!Array.isArray(images)) return [images as Probe]; // readonly arrays escape isArray's narrowing
  integerIn("images.length", images.length, 1, 100);
  return Array.from(images as readonly Probe[]);
}

function subjectOperations(request: RegistrationRequest, exists: boolean): StoreOperation[] {
  const { subjectId, metadata, ifExists } = request;
  if (!exists) {
    const subject = { id: subjectId, metadata, createdAtMs: Date.now() };
    return [{ kind: "create-subject", subject }];
  }
  return [
    ...(ifExists === "replace" ? [{ kind: "remove-faces", subjectId } as const] : []),
    ...(metadata !== undefined ? [{ kind: "set-metadata", subjectId, metadata } as const] : []),
  ];
}

/** One after the other: a registration never holds more than one picture of the engine's queue. */
async function facesOf(
  engine: Engine,
  images: readonly Probe[],
  signal: AbortSignal,
): Promise<readonly ProbeFace[]> {
  const faces: ProbeFace[] = [];
  for (const image of images) faces.push(await onlyFaceOf(engine, image, signal));
  return faces;
}

/** @throws {CountenanceError} `FACE_MISMATCH` for a face that is far from every other one. */
function refuseMismatch(added: readonly Template[], kept: readonly Float32Array[]): void {
  const vectors = [...added.map((template) => template.vector), ...kept];
  if (vectors.length < 2) return;
  added.forEach((template, i) => {
    const nearest = Math.min(
      ...vectors
        .filter((_, other) => other !== i)
        .map((vector) => euclidean(template.vector, vector)),
    );
    if (nearest > MISMATCH_DISTANCE) {
      throw new CountenanceError(
        "COUNTENANCE_FACE_MISMATCH",
        `face ${String(i)}: expected a distance of at most ${String(MISMATCH_DISTANCE)} to another face of the subject, got ${nearest.toFixed(3)}`,
      );
    }
  });
}

function faceRecord(subjectId: string, { template, face }: ProbeFace): FaceRecord {
  return {
    id: randomUUID(),
    subjectId,
    vector: template.vector,
    box: face?.box,
    score: face?.score,
    createdAtMs: Date.now(),
  };
}
