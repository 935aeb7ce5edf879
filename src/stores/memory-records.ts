import { CountenanceError } from "../errors.js";
import { MetadataIndex } from "./metadata-index.js";
import type { Effect } from "./plan.js";
import { RunningSearches } from "./running-searches.js";
import { SortedIds } from "./sorted-ids.js";
import type { FaceRecord, Metadata, SubjectRecord, SubjectSummary } from "./store.js";

export interface MemorySubject {
  readonly key: number;
  /** The number of the last transaction that changed the subject's faces. */
  revision: number;
  /** JSON text. */
  metadata: string | undefined;
  readonly createdAtMs: number;
  /** Face ids with their keys. */
  readonly faces: Map<string, number>;
  readonly galleries: SortedIds;
}

export interface MemoryGallery {
  readonly key: number;
  readonly members: SortedIds;
}

/** What the memory store knows besides its index. */
export class MemoryRecords {
  readonly subjectIds = new SortedIds();
  readonly galleryIds = new SortedIds();
  readonly metadata = new MetadataIndex();
  readonly searches = new RunningSearches();
  readonly #subjects = new Map<string, MemorySubject>();
  readonly #galleries = new Map<string, MemoryGallery>();
  readonly #faceIds = new Set<string>();
  /** Holds a face for as long as a search may find it, so that no hit is without its face. */
  readonly #faces = new Map<number, FaceRecord>();

  subject(id: string): MemorySubject | undefined {
    return this.#subjects.get(id);
  }

  gallery(id: string): MemoryGallery | undefined {
    return this.#galleries.get(id);
  }

  /** One that a search has found; its vector is not to be given away. */
  face(key: number): FaceRecord {
    return present(this.#faces.get(key));
  }

  /** A copy, its own. */
  subjectRecord(id: string): SubjectRecord | undefined {
    const subject = this.#subjects.get(id);
    if (subject === undefined) return undefined;
    const faces = Array.from(subject.faces.values(), (key) => {
      const face = this.face(key);
      return { ...face, vector: face.vector.slice() };
    });
    const { revision, galleries } = subject;
    return { ...this.summary(id), revision, faces, galleries: [...galleries] };
  }

  /** Of one that exists. */
  summary(id: string): SubjectSummary {
    const { metadata, createdAtMs } = this.#known(id);
    return { id, metadata: fromJson(metadata), createdAtMs };
  }

  /** @throws {CountenanceError} `INVALID_ARGUMENT` when a new face has the id of another. */
  checkFaceIds(effects: readonly Effect[]): void {
    const gone = new Set<string>();
    const added = new Set<string>();
    const addedTo = new Map<string, string[]>();
    for (const effect of effects) {
      if (effect.kind === "delete-face") {
        gone.add(effect.faceId);
        added.delete(effect.faceId);
      } else if (effect.kind === "delete-subject") {
        for (const id of this.#subjects.get(effect.subjectId)?.faces.keys() ?? []) gone.add(id);
        for (const id of addedTo.get(effect.subjectId) ?? []) added.delete(id);
        addedTo.delete(effect.subjectId);
      } else if (effect.kind === "insert-face") {
        const { id, subjectId } = effect.face;
        if (added.has(id) || (this.#faceIds.has(id) && !gone.has(id))) {
          throw new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", "face.id: it is in use");
        }
        added.add(id);
        const others = addedTo.get(subjectId);
        if (others === undefined) addedTo.set(subjectId, [id]);
        else others.push(id);
      }
    }
  }

  /** Makes new faces known before the index finds them. @returns how to take that back. */
  announceFaces(effects: readonly Effect[]): () => void {
    const added: number[] = [];
    for (const effect of effects) {
      if (effect.kind !== "insert-face") continue;
      this.#faces.set(effect.key, effect.face);
      added.push(effect.key);
    }
    return () => {
      for (const key of added) this.#faces.delete(key);
    };
  }

  /** Of a transaction that the index has taken. */
  apply(effect: Effect, sequence: number): void {
    switch (effect.kind) {
      case "insert-subject": {
        const { id, metadata, createdAtMs } = effect.subject;
        this.#subjects.set(id, {
          key: effect.key,
          revision: sequence,
          metadata,
          createdAtMs,
          faces: new Map(),
          galleries: new SortedIds(),
        });
        this.subjectIds.add(id);
        this.metadata.add(effect.key, metadata);
        return;
      }
      case "set-metadata": {
        const subject = this.#known(effect.subjectId);
        this.metadata.delete(subject.key, subject.metadata);
        this.metadata.add(subject.key, effect.metadata);
        subject.metadata = effect.metadata;
        return;
      }
      case "delete-subject":
        this.#deleteSubject(effect.subjectId);
        return;
      case "insert-face":
        this.#changeFaces(effect.face.subjectId, sequence).set(effect.face.id, effect.key);
        this.#faceIds.add(effect.face.id);
        return;
      case "delete-face":
        this.#changeFaces(effect.subjectId, sequence).delete(effect.faceId);
        this.#forgetFace(effect.faceId, effect.key);
        return;
      case "insert-gallery":
        this.#galleries.set(effect.galleryId, { key: effect.key, members: new SortedIds() });
        this.galleryIds.add(effect.galleryId);
        return;
      case "delete-gallery":
        for (const id of this.#knownGallery(effect.galleryId).members) {
          this.#known(id).galleries.delete(effect.galleryId);
        }
        this.#galleries.delete(effect.galleryId);
        this.galleryIds.delete(effect.galleryId);
        return;
      case "insert-member":
        this.#knownGallery(effect.galleryId).members.add(effect.subjectId);
        this.#known(effect.subjectId).galleries.add(effect.galleryId);
        return;
      case "delete-member":
        this.#knownGallery(effect.galleryId).members.delete(effect.subjectId);
        this.#known(effect.subjectId).galleries.delete(effect.galleryId);
    }
  }

  /** Forgets all faces: their vectors are overwritten. */
  wipe(): void {
    for (const face of this.#faces.values()) face.vector.fill(0);
    this.#faces.clear();
  }

  #deleteSubject(id: string): void {
    const subject = this.#known(id);
    for (const [faceId, key] of subject.faces) this.#forgetFace(faceId, key);
    for (const galleryId of subject.galleries) this.#knownGallery(galleryId).members.delete(id);
    this.metadata.delete(subject.key, subject.metadata);
    this.#subjects.delete(id);
    this.subjectIds.delete(id);
  }

  #changeFaces(subjectId: string, sequence: number): Map<string, number> {
    const subject = this.#known(subjectId);
    subject.revision = sequence;
    return subject.faces;
  }

  #forgetFace(faceId: string, key: number): void {
    this.#faceIds.delete(faceId);
    this.searches.forget(() => {
      this.#faces.get(key)?.vector.fill(0);
      this.#faces.delete(key);
    });
  }

  #known(id: string): MemorySubject {
    return present(this.#subjects.get(id));
  }

  #knownGallery(id: string): MemoryGallery {
    return present(this.#galleries.get(id));
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new CountenanceError("COUNTENANCE_INTERNAL", "the memory store lost a record");
  }
  return value;
}

function fromJson(text: string | undefined): Metadata | undefined {
  // Made by capture(), of a Metadata.
  return text === undefined ? undefined : (JSON.parse(text) as Metadata);
}
