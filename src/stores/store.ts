import type { Box } from "../face.js";

/** A JSON value that the host keeps with a subject; at most 64 KiB as text. */
export type Metadata =
  null | boolean | number | string | readonly Metadata[] | { readonly [key: string]: Metadata };

/** The model and pipeline that every vector of one store was made with. */
export interface StoredModel {
  readonly modelId: string;
  readonly pipeline: string;
  readonly dimension: number;
}

export interface FaceRecord {
  readonly id: string;
  readonly subjectId: string;
  /** Shape [dimension], finite. */
  readonly vector: Float32Array;
  /** Where the face was in its picture; undefined when it was registered from a template. */
  readonly box: Box | undefined;
  readonly score: number | undefined;
  readonly createdAtMs: number;
}

export interface SubjectSummary {
  readonly id: string;
  readonly metadata: Metadata | undefined;
  readonly createdAtMs: number;
}

export interface SubjectRecord extends SubjectSummary {
  /** Another number after every change of the subject's faces; never used again for its id. */
  readonly revision: number;
  /** In the order in which they were added; never empty. */
  readonly faces: readonly FaceRecord[];
  /** In order of their ids. */
  readonly galleries: readonly string[];
}

/** One step of a transaction. Each names the conditions on which the whole batch is refused. */
export type StoreOperation =
  /**
   * Changes nothing: the batch holds only for the subject that was read. The revision is the one
   * before the transaction; one that the batch itself has made is another subject.
   * Refused: `subject-missing`, `subject-changed` (another revision).
   */
  | { readonly kind: "expect-subject"; readonly subjectId: string; readonly revision: number }
  /** Refused: `subject-exists`. */
  | { readonly kind: "create-subject"; readonly subject: SubjectSummary }
  /** Refused: `subject-missing`. */
  | {
      readonly kind: "set-metadata";
      readonly subjectId: string;
      readonly metadata: Metadata | undefined;
    }
  /** Removes the subject, its faces and memberships. Refused: `subject-missing`. */
  | { readonly kind: "delete-subject"; readonly subjectId: string }
  /** Refused: `subject-missing`. */
  | { readonly kind: "add-face"; readonly face: FaceRecord }
  /** Refused: `face-missing`, `last-face` (a subject without faces cannot be). */
  | { readonly kind: "remove-face"; readonly subjectId: string; readonly faceId: string }
  /** Refused: `gallery-exists`. */
  | { readonly kind: "create-gallery"; readonly galleryId: string }
  /** Creates the gallery unless it is there. Never refused. */
  | { readonly kind: "ensure-gallery"; readonly galleryId: string }
  /** Removes the gallery and its memberships, not its members. Refused: `gallery-missing`. */
  | { readonly kind: "delete-gallery"; readonly galleryId: string }
  /** Nothing happens for a member. Refused: `gallery-missing`, `subject-missing`. */
  | { readonly kind: "add-member"; readonly galleryId: string; readonly subjectId: string }
  /** Nothing happens for a stranger. Refused: `gallery-missing`, `subject-missing`. */
  | { readonly kind: "remove-member"; readonly galleryId: string; readonly subjectId: string };

export type Refusal =
  | "subject-exists"
  | "subject-missing"
  | "subject-changed"
  | "face-missing"
  | "last-face"
  | "gallery-exists"
  | "gallery-missing";

export type TransactionResult =
  /** `sequence` grows with every transaction of the store, over restarts too. */
  | { readonly committed: true; readonly sequence: number }
  /** Operation number `failed` was refused; nothing was written. */
  | { readonly committed: false; readonly failed: number; readonly reason: Refusal };

export interface PageOptions {
  /** Only ids greater than this one (order of their UTF-8 bytes). */
  readonly after?: string;
  /** 1..1000. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** What a top-level field of metadata is compared with: strictly, strings by their code points. */
export type FilterValue = string | number | boolean | null;

/**
 * Subjects whose metadata is an object that has each of these top-level fields with this value, or
 * with one of these values. A field that holds an array or an object equals nothing. An empty list
 * matches nobody; no fields restrict nothing.
 *
 * At most 16 fields and 1,000 values in all; fields and strings are well-formed Unicode, numbers are
 * finite.
 */
export type MetadataFilter = {
  readonly [field: string]: FilterValue | readonly FilterValue[];
};

export interface VectorSearchOptions {
  /** How many subjects at most, 1..1000. */
  readonly k: number;
  /** Only members of this gallery. */
  readonly gallery?: string;
  /** Only these subjects; unknown ids are passed over. */
  readonly candidates?: readonly string[];
  /** Only subjects with such metadata. `COUNTENANCE_UNSUPPORTED` unless `supports.filter`. */
  readonly filter?: MetadataFilter;
  readonly signal?: AbortSignal;
}

/** The nearest face of one subject. */
export interface Hit {
  readonly subjectId: string;
  readonly faceId: string;
  /** Returned so that countenance scores every store's hits alike. */
  readonly vector: Float32Array;
}

export interface VectorSearchResult {
  /** Distinct subjects, nearest first; at equal distances, the face that was added first. */
  readonly hits: readonly Hit[];
  /** How many faces the probe was compared with, after the restrictions. */
  readonly compared: number;
}

/**
 * What one transaction did to one subject or gallery: at most one change of each. `changed` tells
 * nothing but to read it again: made, made anew, or given other metadata, faces or memberships; it
 * may come without a difference. A deleted gallery has lost its members, which are not listed.
 */
export type Change = {
  /** Of the transaction. */
  readonly sequence: number;
} & (
  | { readonly kind: "subject-changed" | "subject-deleted"; readonly subjectId: string }
  | { readonly kind: "gallery-changed" | "gallery-deleted"; readonly galleryId: string }
);

export interface ChangesOptions {
  /** About how many changes, 1..10,000: a transaction is never cut, so the last one may add more. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

export interface ChangePage {
  /** In order of their transactions, whole ones only. */
  readonly changes: readonly Change[];
  /** Where to go on: everything up to this transaction is told. */
  readonly sequence: number;
}

/** What a store can do. A caller of what it lacks gets `COUNTENANCE_UNSUPPORTED`, never silence. */
export interface StoreSupport {
  /** Searches find the true nearest faces, not approximate ones. */
  readonly exact: boolean;
  /** Acknowledged transactions survive the end of the process, however it ends. */
  readonly durable: boolean;
  /** Searches take `filter`. */
  readonly filter: boolean;
  /** `changesSince` tells what happened; a store keeps at least its newest 100,000 changes. */
  readonly changes: boolean;
  /** Vectors of 1 to this many values. */
  readonly maxDimension: number;
  /** Hits bring their vectors. Every store must; said so that no adapter forgets it. */
  readonly returnsVector: true;
  /** Transactions are all or nothing. Every store must. */
  readonly transactions: true;
  /** What is acknowledged is visible to every later call. Every store must. */
  readonly readYourWrites: true;
}

/**
 * Where subjects, faces and galleries live. The store is the durable truth.
 *
 * Absence is `undefined`. A promise means off the main thread. Everything that is acknowledged is
 * visible to every later call. Arguments are copied before the call returns, results are the caller's.
 *
 * Ids are any well-formed Unicode of up to 1,024 UTF-8 bytes, and equal only when they are the same
 * code points. What is not as it is said here is refused before anything is written.
 *
 * Errors are objects with a `code`: `COUNTENANCE_INVALID_ARGUMENT` (also for a call before
 * `prepare`, and for a face id that is in use), `COUNTENANCE_ABORTED` (the signal fired; nothing was
 * written), `COUNTENANCE_STORE_CLOSED` (after `close`), `COUNTENANCE_MODEL_MISMATCH` (a search, or
 * a face to add, in a store of another model), `COUNTENANCE_UNSUPPORTED`. `countenance/testing`
 * tests a store against all of this: docs/stores.md.
 */
export interface Store {
  readonly supports: StoreSupport;

  /**
   * Called once, before everything else. A new store pins `model`; one that is pinned keeps its
   * own. Only when the two are equal does the store make its vectors searchable; pipelines that
   * differ in `/f32` and `/bf16` only are equal.
   * @returns what the store is pinned to.
   */
  prepare(model: StoredModel, options?: { readonly signal?: AbortSignal }): Promise<StoredModel>;

  /** All or nothing. A signal that fires once writing has begun is ignored. */
  transaction(
    operations: readonly StoreOperation[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<TransactionResult>;

  /** One consistent snapshot of the subject. */
  getSubject(
    subjectId: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<SubjectRecord | undefined>;
  /** A page in order of ids; of one gallery when given, `undefined` when that does not exist. */
  listSubjects(
    options: PageOptions & { readonly gallery?: string },
  ): Promise<readonly SubjectSummary[] | undefined>;
  listGalleries(options: PageOptions): Promise<readonly string[]>;
  hasGallery(galleryId: string, options?: { readonly signal?: AbortSignal }): Promise<boolean>;
  /** `undefined` when the gallery or the subject does not exist. */
  isMember(
    galleryId: string,
    subjectId: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<boolean | undefined>;

  /**
   * `undefined` when `gallery` does not exist. Restricts before it chooses the nearest: by all of
   * gallery, candidates and filter together.
   */
  search(
    vector: Float32Array,
    options: VectorSearchOptions,
  ): Promise<VectorSearchResult | undefined>;

  /**
   * What the transactions after number `sequence` changed, for caches and copies: whole ones, oldest
   * first, at least one if there is any.
   * @param sequence  0 for the beginning, then `sequence` of the page before.
   * @returns `undefined` when the store no longer knows (too long ago), or never did (a number that
   *   it has not reached, as after going back to a backup): read everything again.
   * @throws {CountenanceError} `COUNTENANCE_UNSUPPORTED` unless `supports.changes`.
   */
  changesSince(sequence: number, options: ChangesOptions): Promise<ChangePage | undefined>;

  /** Idempotent: waits for transactions under way. */
  close(): Promise<void>;
}
