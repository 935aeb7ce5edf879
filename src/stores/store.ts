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
   * Changes nothing: the batch holds only for the subject that was read.
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

export interface VectorSearchOptions {
  /** How many subjects at most, 1..1000. */
  readonly k: number;
  /** Only members of this gallery. */
  readonly gallery?: string;
  /** Only these subjects; unknown ids are passed over. */
  readonly candidates?: readonly string[];
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
  /** Distinct subjects, nearest first. */
  readonly hits: readonly Hit[];
  /** How many faces the probe was compared with, after the restrictions. */
  readonly compared: number;
}

/**
 * Where subjects, faces and galleries live. The store is the durable truth.
 *
 * Absence is `undefined`. A call after `close` throws COUNTENANCE_STORE_CLOSED. A promise means off
 * the main thread. Everything that is acknowledged is visible to every later call.
 */
export interface Store {
  readonly supports: {
    /** Searches find the true nearest faces, not approximate ones. */
    readonly exact: boolean;
    /** Acknowledged transactions survive the end of the process, however it ends. */
    readonly durable: boolean;
    readonly maxDimension: number;
  };

  /**
   * Called once, before everything else. A new store pins `model`; one that is pinned keeps its
   * own. Only when the two are equal does the store make its vectors searchable.
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

  /** `undefined` when `gallery` does not exist. Restricts before it chooses the nearest. */
  search(
    vector: Float32Array,
    options: VectorSearchOptions,
  ): Promise<VectorSearchResult | undefined>;

  /** Idempotent: waits for transactions under way. */
  close(): Promise<void>;
}
