import type { NativeIndexChanges } from "../internal/native.js";
import type { CapturedOperation, CapturedSubject } from "./captured.js";
import type { FaceRecord, Refusal } from "./store.js";

/** What a store knows about a subject before a transaction. */
export interface KnownSubject {
  readonly key: number;
  readonly revision: number;
  /** Face ids with their keys, in the order in which they were added. */
  readonly faces: ReadonlyMap<string, number>;
}

/** What a store holds now; asked only for ids that the operations name. */
export interface StoreView {
  subject(id: string): KnownSubject | undefined;
  /** The gallery's key. */
  gallery(id: string): number | undefined;
}

/** Gives keys that this process has never used before. */
export interface KeySource {
  subject(): number;
  face(): number;
  gallery(): number;
}

/** One row to be written, with its key. */
export type Effect =
  | { readonly kind: "insert-subject"; readonly key: number; readonly subject: CapturedSubject }
  | {
      readonly kind: "set-metadata";
      readonly subjectId: string;
      readonly key: number;
      /** JSON text. */
      readonly metadata: string | undefined;
    }
  | { readonly kind: "delete-subject"; readonly subjectId: string; readonly key: number }
  | {
      readonly kind: "insert-face";
      readonly key: number;
      readonly subjectKey: number;
      readonly face: FaceRecord;
    }
  | {
      readonly kind: "delete-face";
      readonly key: number;
      readonly subjectId: string;
      readonly faceId: string;
    }
  | { readonly kind: "insert-gallery"; readonly key: number; readonly galleryId: string }
  | { readonly kind: "delete-gallery"; readonly key: number; readonly galleryId: string }
  | {
      readonly kind: "insert-member" | "delete-member";
      readonly galleryKey: number;
      readonly galleryId: string;
      readonly subjectKey: number;
      readonly subjectId: string;
    };

export type Plan =
  | { readonly ok: false; readonly failed: number; readonly reason: Refusal }
  | {
      readonly ok: true;
      readonly effects: readonly Effect[];
      /** Keys of the subjects that get another revision: their faces change. */
      readonly facesChanged: ReadonlySet<number>;
      readonly changes: NativeIndexChanges;
    };

/** Decides what a transaction does, on every store alike. Changes nothing. */
export function planOperations(
  operations: readonly CapturedOperation[],
  view: StoreView,
  keys: KeySource,
): Plan {
  const planner = new Planner(view, keys);
  for (const [failed, operation] of operations.entries()) {
    const reason = planner.add(operation);
    if (reason !== undefined) return { ok: false, failed, reason };
  }
  const { effects, facesChanged } = planner;
  return { ok: true, effects, facesChanged, changes: planner.changes() };
}

interface Draft {
  readonly key: number;
  /** Before the transaction; undefined for a subject that it creates. */
  readonly revision: number | undefined;
  readonly faces: Map<string, number>;
}

/**
 * Plays the operations on what is known. The index takes all removals of a batch before all
 * additions, so what is added and removed again within a batch never reaches it.
 */
class Planner {
  readonly effects: Effect[] = [];
  readonly facesChanged = new Set<number>();
  readonly #view: StoreView;
  readonly #keys: KeySource;
  readonly #subjects = new Map<string, Draft | undefined>();
  readonly #galleries = new Map<string, number | undefined>();
  /** What the batch deleted and may make again: under its old key a search finds it all along. */
  readonly #deletedSubjects = new Map<string, number>();
  readonly #deletedGalleries = new Map<string, number>();
  readonly #added = new Map<number, { readonly group: number; readonly vector: Float32Array }>();
  readonly #removed: number[] = [];
  readonly #removedGroups: number[] = [];
  readonly #removedTags: number[] = [];
  /** By tag, then group: whether the group shall have the tag. */
  readonly #tags = new Map<number, Map<number, boolean>>();

  constructor(view: StoreView, keys: KeySource) {
    this.#view = view;
    this.#keys = keys;
  }

  add(operation: CapturedOperation): Refusal | undefined {
    switch (operation.kind) {
      case "expect-subject": {
        const subject = this.#subject(operation.subjectId);
        if (subject === undefined) return "subject-missing";
        return subject.revision === operation.revision ? undefined : "subject-changed";
      }
      case "create-subject":
        return this.#createSubject(operation.subject);
      case "set-metadata": {
        const subject = this.#subject(operation.subjectId);
        if (subject === undefined) return "subject-missing";
        this.effects.push({ ...operation, key: subject.key });
        return undefined;
      }
      case "delete-subject":
        return this.#deleteSubject(operation.subjectId);
      case "add-face":
        return this.#addFace(operation.face);
      case "remove-face": {
        const subject = this.#subject(operation.subjectId);
        const key = subject?.faces.get(operation.faceId);
        if (subject === undefined || key === undefined) return "face-missing";
        if (subject.faces.size === 1) return "last-face";
        this.#removeFace(operation.subjectId, subject, operation.faceId, key);
        return undefined;
      }
      case "create-gallery":
        if (this.#gallery(operation.galleryId) !== undefined) return "gallery-exists";
        this.#createGallery(operation.galleryId);
        return undefined;
      case "ensure-gallery":
        if (this.#gallery(operation.galleryId) === undefined) {
          this.#createGallery(operation.galleryId);
        }
        return undefined;
      case "delete-gallery":
        return this.#deleteGallery(operation.galleryId);
      case "add-member":
        return this.#setMember(operation.galleryId, operation.subjectId, true);
      case "remove-member":
        return this.#setMember(operation.galleryId, operation.subjectId, false);
    }
  }

  changes(): NativeIndexChanges {
    const tag: number[] = [];
    const untag: number[] = [];
    for (const [key, groups] of this.#tags) {
      for (const [group, present] of groups) (present ? tag : untag).push(key, group);
    }
    const added = [...this.#added];
    const dimension = added[0]?.[1].vector.length ?? 0;
    const vectors = new Float32Array(added.length * dimension);
    for (const [i, [, { vector }]] of added.entries()) vectors.set(vector, i * dimension);
    return {
      ...(added.length > 0 && {
        add: {
          keys: Float64Array.from(added, ([key]) => key),
          groups: Float64Array.from(added, ([, { group }]) => group),
          vectors,
        },
      }),
      remove: Float64Array.from(this.#removed),
      removeGroups: Float64Array.from(this.#removedGroups),
      removeTags: Float64Array.from(this.#removedTags),
      tag: Float64Array.from(tag),
      untag: Float64Array.from(untag),
    };
  }

  #subject(id: string): Draft | undefined {
    if (!this.#subjects.has(id)) {
      const known = this.#view.subject(id);
      this.#subjects.set(
        id,
        known && { key: known.key, revision: known.revision, faces: new Map(known.faces) },
      );
    }
    return this.#subjects.get(id);
  }

  #gallery(id: string): number | undefined {
    if (!this.#galleries.has(id)) this.#galleries.set(id, this.#view.gallery(id));
    return this.#galleries.get(id);
  }

  #createSubject(subject: CapturedSubject): Refusal | undefined {
    if (this.#subject(subject.id) !== undefined) return "subject-exists";
    const key = this.#deletedSubjects.get(subject.id) ?? this.#keys.subject();
    this.#subjects.set(subject.id, { key, revision: undefined, faces: new Map() });
    this.effects.push({ kind: "insert-subject", key, subject });
    return undefined;
  }

  #deleteSubject(subjectId: string): Refusal | undefined {
    const subject = this.#subject(subjectId);
    if (subject === undefined) return "subject-missing";
    for (const key of subject.faces.values()) this.#added.delete(key);
    for (const groups of this.#tags.values()) groups.delete(subject.key);
    if (subject.revision !== undefined) this.#removedGroups.push(subject.key);
    this.#subjects.set(subjectId, undefined);
    this.#deletedSubjects.set(subjectId, subject.key);
    this.effects.push({ kind: "delete-subject", subjectId, key: subject.key });
    return undefined;
  }

  #addFace(face: FaceRecord): Refusal | undefined {
    const subject = this.#subject(face.subjectId);
    if (subject === undefined) return "subject-missing";
    const key = this.#keys.face();
    subject.faces.set(face.id, key);
    this.#added.set(key, { group: subject.key, vector: face.vector });
    this.facesChanged.add(subject.key);
    this.effects.push({ kind: "insert-face", key, subjectKey: subject.key, face });
    return undefined;
  }

  #removeFace(subjectId: string, subject: Draft, faceId: string, key: number): void {
    subject.faces.delete(faceId);
    if (!this.#added.delete(key)) this.#removed.push(key);
    this.facesChanged.add(subject.key);
    this.effects.push({ kind: "delete-face", key, subjectId, faceId });
  }

  #createGallery(galleryId: string): void {
    const key = this.#deletedGalleries.get(galleryId) ?? this.#keys.gallery();
    this.#galleries.set(galleryId, key);
    this.effects.push({ kind: "insert-gallery", key, galleryId });
  }

  #deleteGallery(galleryId: string): Refusal | undefined {
    const key = this.#gallery(galleryId);
    if (key === undefined) return "gallery-missing";
    this.#tags.delete(key);
    this.#removedTags.push(key);
    this.#galleries.set(galleryId, undefined);
    this.#deletedGalleries.set(galleryId, key);
    this.effects.push({ kind: "delete-gallery", key, galleryId });
    return undefined;
  }

  #setMember(galleryId: string, subjectId: string, present: boolean): Refusal | undefined {
    const galleryKey = this.#gallery(galleryId);
    if (galleryKey === undefined) return "gallery-missing";
    const subject = this.#subject(subjectId);
    if (subject === undefined) return "subject-missing";
    const groups = this.#tags.get(galleryKey) ?? new Map<number, boolean>();
    this.#tags.set(galleryKey, groups.set(subject.key, present));
    const kind = present ? "insert-member" : "delete-member";
    this.effects.push({ kind, galleryKey, galleryId, subjectKey: subject.key, subjectId });
    return undefined;
  }
}
