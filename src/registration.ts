import { CountenanceError } from "./errors.js";
import type { Face } from "./face.js";
import type { ReadIntake } from "./intake.js";
import { inScope } from "./internal/operations.js";
import { throwIfAborted } from "./internal/slots.js";
import { timeOrderedId } from "./internal/time-ordered-id.js";
import type { BlinkFindings, VideoCheckOptions } from "./liveness/blink-check.js";
import type { ProbeFace } from "./probe.js";
import { refusalError } from "./refusals.js";
import type {
  FaceRecord,
  Metadata,
  Store,
  StoreOperation,
  SubjectRecord,
  SubjectSummary,
} from "./stores/store.js";
import { euclidean } from "./template.js";

/**
 * A face that is farther than this from each other face of its subject is refused. 0.6 is the
 * distance below which dlib's author calls two faces one person's; it is wider than the threshold
 * of a match because the question is "can this be a mistake?", not "is this proof?".
 */
export const MISMATCH_DISTANCE = 0.6;

/** `maxDurationMs` and `strict` go with a video only. */
export interface RegisterOptions extends VideoCheckOptions {
  /** A gallery that the subject joins; it is created when it is new. */
  readonly gallery?: string | undefined;
  readonly galleries?: readonly string[] | undefined;
  /** What the host keeps with the subject. With `ifExists: "add"` it replaces what was there. */
  readonly metadata?: Metadata | undefined;
  /**
   * What to do when the id exists: add the faces to it, or register it anew, as if it had been
   * deleted. Default: `SUBJECT_EXISTS` is thrown.
   */
  readonly ifExists?: "add" | "replace" | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Registration {
  readonly subjectId: string;
  /** One per picture, in the order given; one for a video. */
  readonly faceIds: readonly string[];
  /** One per picture; undefined where a template was given. */
  readonly faces: readonly (Face | undefined)[];
  /** How the video was judged; undefined for pictures and templates. */
  readonly liveness: BlinkFindings | undefined;
}

export interface RegistrationRequest {
  readonly subjectId: string;
  readonly read: ReadIntake;
  /** Without `"default"`. */
  readonly galleries: readonly string[];
  readonly metadata: Metadata | undefined;
  readonly ifExists: "add" | "replace" | undefined;
}

/** Registers one subject, all or nothing. */
export function registerSubject(
  store: Store,
  request: RegistrationRequest,
  signal: AbortSignal,
): Promise<Registration> {
  const { subjectId, ifExists, metadata } = request;
  const created: SubjectSummary = { id: subjectId, metadata, createdAtMs: Date.now() };
  return addAll(store, request, signal, (existing) => {
    if (existing === undefined) return { kept: [], first: [create(created)] };
    if (ifExists === undefined) throw refusalError("subject-exists");
    if (ifExists === "replace") {
      return { kept: [], first: [{ kind: "delete-subject", subjectId }, create(created)] };
    }
    const first: StoreOperation[] =
      metadata === undefined ? [] : [{ kind: "set-metadata", subjectId, metadata }];
    return { kept: existing.faces, first };
  });
}

/**
 * Adds faces to a subject that exists, all or nothing.
 * @throws {CountenanceError} `SUBJECT_NOT_FOUND`, `FACE_MISMATCH`, and what `intakeOf` says.
 */
export function addFaces(
  store: Store,
  request: Pick<RegistrationRequest, "subjectId" | "read">,
  signal: AbortSignal,
): Promise<Registration> {
  return addAll(store, { ...request, galleries: [] }, signal, (existing) => {
    if (existing === undefined) throw refusalError("subject-missing");
    return { kept: existing.faces, first: [] };
  });
}

/** What a registration does with the subject that it found, or throws. */
type Intent = (existing: SubjectRecord | undefined) => {
  /** The subject's faces that stay: new ones have to be like them. */
  readonly kept: readonly FaceRecord[];
  readonly first: readonly StoreOperation[];
};

/**
 * Reads the subject, judges the new faces by it, and writes on the condition that it is still what
 * was read: else everything after the analysis is done again, so that no subject ever holds faces
 * that were not compared with each other.
 */
function addAll(
  store: Store,
  request: Pick<RegistrationRequest, "subjectId" | "read" | "galleries">,
  outer: AbortSignal,
  intent: Intent,
): Promise<Registration> {
  return inScope(outer, async (signal) => {
    const { subjectId, galleries } = request;
    // Before the first await: the caller's bytes are copied before the call returns.
    const analysing = request.read(signal);
    analysing.catch(() => undefined); // awaited below, unless the subject is refused before
    intent(await store.getSubject(subjectId, { signal }));
    const { faces: added, liveness } = await analysing;
    for (;;) {
      const existing = await store.getSubject(subjectId, { signal });
      const { kept, first } = intent(existing);
      refuseMismatch(
        added.map(({ template }) => template.vector),
        kept.map(({ vector }) => vector),
      );
      const faces = added.map((face) => faceRecord(subjectId, face));
      throwIfAborted(signal); // a store of the caller's may pass over signals
      const result = await store.transaction(
        [
          ...(existing === undefined ? [] : [expectUnchanged(existing)]),
          ...first,
          ...faces.map((face): StoreOperation => ({ kind: "add-face", face })),
          ...galleries.flatMap((galleryId): StoreOperation[] => [
            { kind: "ensure-gallery", galleryId },
            { kind: "add-member", galleryId, subjectId },
          ]),
        ],
        { signal },
      );
      if (result.committed) {
        return {
          subjectId,
          faceIds: faces.map(({ id }) => id),
          faces: added.map(({ face }) => face),
          liveness,
        };
      }
    }
  });
}

function create(subject: SubjectSummary): StoreOperation {
  return { kind: "create-subject", subject };
}

function expectUnchanged({ id, revision }: SubjectRecord): StoreOperation {
  return { kind: "expect-subject", subjectId: id, revision };
}

/** @throws {CountenanceError} `FACE_MISMATCH` for a face that is far from every other one. */
function refuseMismatch(added: readonly Float32Array[], kept: readonly Float32Array[]): void {
  const all = [...added, ...kept];
  if (all.length < 2) return;
  added.forEach((vector, i) => {
    const others = all.filter((_, other) => other !== i);
    const nearest = Math.min(...others.map((other) => euclidean(vector, other)));
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
    id: timeOrderedId(),
    subjectId,
    vector: template.vector,
    box: face?.box,
    score: face?.score,
    createdAtMs: Date.now(),
  };
}
