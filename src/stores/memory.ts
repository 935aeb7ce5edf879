import { AbortedError, CountenanceError } from "../errors.js";
import type { NativeHits, NativeIndex } from "../internal/native.js";
import { settle } from "../internal/task.js";
import { plainOptions } from "../internal/validate.js";
import { capture, type CapturedOperation } from "./captured.js";
import {
  checkChanges,
  checkId,
  checkModel,
  checkPage,
  checkSearch,
  MAX_DIMENSION,
  unsupported,
} from "./checks.js";
import { Lifecycle } from "./lifecycle.js";
import { filterTermsOf } from "./metadata-filter.js";
import { createNativeIndex } from "./native-index.js";
import { queueLimitOf } from "./options.js";
import { planOperations, type Effect } from "./plan.js";
import { searchAgain } from "./search-again.js";
import { SortedIds } from "./sorted-ids.js";
import type {
  ChangePage,
  ChangesOptions,
  FaceRecord,
  Hit,
  Metadata,
  PageOptions,
  Store,
  StoredModel,
  StoreOperation,
  SubjectRecord,
  SubjectSummary,
  TransactionResult,
  VectorSearchOptions,
  VectorSearchResult,
} from "./store.js";

export interface MemoryStoreOptions {
  /** How many searches may wait before `COUNTENANCE_BUSY`, 1..1,048,576. Default 1000. */
  readonly queueLimit?: number;
}

/**
 * A store that is gone with the process: for tests, and for servers that load templates at start.
 * @throws {CountenanceError} `INVALID_ARGUMENT` for options that it does not know.
 */
export function createMemoryStore(options?: MemoryStoreOptions): Store {
  const { queueLimit } = plainOptions("options", options, ["queueLimit"]);
  return new MemoryStore(queueLimitOf(queueLimit, 1000));
}

interface Subject {
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

interface Signalled {
  readonly signal?: AbortSignal;
}

class MemoryStore implements Store {
  readonly supports = {
    exact: true,
    durable: false,
    filter: false,
    changes: false,
    maxDimension: MAX_DIMENSION,
    returnsVector: true,
    transactions: true,
    readYourWrites: true,
  } as const;
  readonly #queueLimit: number;
  readonly #life = new Lifecycle();
  readonly #subjects = new Map<string, Subject>();
  readonly #subjectIds = new SortedIds();
  readonly #galleries = new Map<string, { readonly key: number; readonly members: SortedIds }>();
  readonly #galleryIds = new SortedIds();
  readonly #faceIds = new Set<string>();
  /** Holds a face for as long as the index may find it, so that no hit is without its face. */
  readonly #faces = new Map<number, FaceRecord>();
  readonly #counters = { subject: 0, face: 0, gallery: 0 };
  #index: NativeIndex | undefined;
  #sequence = 0;
  /** The end of the transaction before: one at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(queueLimit: number) {
    this.#queueLimit = queueLimit;
  }

  async prepare(model: StoredModel, options: Signalled = {}): Promise<StoredModel> {
    return this.#life.run(async () => {
      if (options.signal?.aborted) throw new AbortedError(options.signal.reason);
      checkModel(model);
      if (this.#life.isPrepared) return this.#life.model;
      this.#index = createNativeIndex(model.dimension, this.#queueLimit);
      const { modelId, pipeline, dimension } = model;
      this.#life.prepared({ modelId, pipeline, dimension }, true);
      return this.#life.model;
    });
  }

  async transaction(
    operations: readonly StoreOperation[],
    options: Signalled = {},
  ): Promise<TransactionResult> {
    return this.#life.run(async () => {
      const captured = capture(operations, this.#life.model.dimension);
      const mine = this.#turn.then(() => this.#commit(captured, options.signal));
      this.#turn = mine.catch(() => undefined); // its caller is told; the next one just goes on
      return mine;
    });
  }

  async #commit(
    operations: readonly CapturedOperation[],
    signal: AbortSignal | undefined,
  ): Promise<TransactionResult> {
    if (signal?.aborted) throw new AbortedError(signal.reason);
    const plan = planOperations(
      operations,
      {
        subject: (id) => this.#subjects.get(id),
        gallery: (id) => this.#galleries.get(id)?.key,
      },
      {
        subject: () => ++this.#counters.subject,
        face: () => ++this.#counters.face,
        gallery: () => ++this.#counters.gallery,
      },
    );
    if (!plan.ok) return { committed: false, failed: plan.failed, reason: plan.reason };
    this.#checkFaceIds(plan.effects);
    const before = this.#findable(plan.effects, "insert-face");
    for (const { key, face } of before) this.#faces.set(key, face);
    try {
      await settle(() => this.#requireIndex().apply(plan.changes));
    } catch (error) {
      for (const { key } of before) this.#faces.delete(key);
      throw error;
    }
    const sequence = ++this.#sequence;
    for (const effect of plan.effects) this.#apply(effect, sequence);
    return { committed: true, sequence };
  }

  #findable<K extends Effect["kind"]>(effects: readonly Effect[], kind: K) {
    return effects.filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
  }

  #checkFaceIds(effects: readonly Effect[]): void {
    const gone = new Set<string>();
    const added = new Set<string>();
    for (const effect of effects) {
      if (effect.kind === "delete-face") {
        gone.add(effect.faceId);
        added.delete(effect.faceId);
      } else if (effect.kind === "delete-subject") {
        for (const id of this.#subjects.get(effect.subjectId)?.faces.keys() ?? []) gone.add(id);
      } else if (effect.kind === "insert-face") {
        const { id } = effect.face;
        if (added.has(id) || (this.#faceIds.has(id) && !gone.has(id))) {
          throw new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", "face.id: it is in use");
        }
        added.add(id);
      }
    }
  }

  #apply(effect: Effect, sequence: number): void {
    switch (effect.kind) {
      case "insert-subject":
        this.#subjects.set(effect.subject.id, {
          key: effect.key,
          revision: sequence,
          metadata: effect.subject.metadata,
          createdAtMs: effect.subject.createdAtMs,
          faces: new Map(),
          galleries: new SortedIds(),
        });
        this.#subjectIds.add(effect.subject.id);
        return;
      case "set-metadata":
        this.#subject(effect.subjectId).metadata = effect.metadata;
        return;
      case "delete-subject": {
        const subject = this.#subject(effect.subjectId);
        for (const [faceId, key] of subject.faces) this.#forgetFace(faceId, key);
        for (const id of subject.galleries) this.#gallery(id).members.delete(effect.subjectId);
        this.#subjects.delete(effect.subjectId);
        this.#subjectIds.delete(effect.subjectId);
        return;
      }
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
        this.#galleryIds.add(effect.galleryId);
        return;
      case "delete-gallery":
        for (const id of this.#gallery(effect.galleryId).members) {
          this.#subject(id).galleries.delete(effect.galleryId);
        }
        this.#galleries.delete(effect.galleryId);
        this.#galleryIds.delete(effect.galleryId);
        return;
      case "insert-member":
        this.#gallery(effect.galleryId).members.add(effect.subjectId);
        this.#subject(effect.subjectId).galleries.add(effect.galleryId);
        return;
      case "delete-member":
        this.#gallery(effect.galleryId).members.delete(effect.subjectId);
        this.#subject(effect.subjectId).galleries.delete(effect.galleryId);
    }
  }

  #changeFaces(subjectId: string, sequence: number): Map<string, number> {
    const subject = this.#subject(subjectId);
    subject.revision = sequence;
    return subject.faces;
  }

  #forgetFace(faceId: string, key: number): void {
    this.#faces.get(key)?.vector.fill(0);
    this.#faces.delete(key);
    this.#faceIds.delete(faceId);
  }

  async getSubject(id: string, options: Signalled = {}): Promise<SubjectRecord | undefined> {
    return this.#read(options.signal, () => {
      checkId("subjectId", id);
      const subject = this.#subjects.get(id);
      if (subject === undefined) return undefined;
      const faces = [...subject.faces.values()].map((key) => {
        const face = this.#face(key);
        return { ...face, vector: face.vector.slice() };
      });
      const { revision, galleries } = subject;
      return { ...summary(id, subject), revision, faces, galleries: [...galleries] };
    });
  }

  async listSubjects(
    options: PageOptions & { readonly gallery?: string },
  ): Promise<readonly SubjectSummary[] | undefined> {
    return this.#read(options.signal, () => {
      checkPage(options);
      const ids =
        options.gallery === undefined
          ? this.#subjectIds
          : this.#galleries.get(options.gallery)?.members;
      return ids?.page(options.after, options.limit).map((id) => summary(id, this.#subject(id)));
    });
  }

  async listGalleries(options: PageOptions): Promise<readonly string[]> {
    return this.#read(options.signal, () => {
      checkPage(options);
      return this.#galleryIds.page(options.after, options.limit);
    });
  }

  async hasGallery(galleryId: string, options: Signalled = {}): Promise<boolean> {
    return this.#read(options.signal, () => {
      checkId("galleryId", galleryId);
      return this.#galleries.has(galleryId);
    });
  }

  async isMember(
    galleryId: string,
    subjectId: string,
    options: Signalled = {},
  ): Promise<boolean | undefined> {
    return this.#read(options.signal, () => {
      checkId("galleryId", galleryId);
      checkId("subjectId", subjectId);
      if (!this.#subjects.has(subjectId)) return undefined;
      return this.#galleries.get(galleryId)?.members.has(subjectId);
    });
  }

  async search(
    vector: Float32Array,
    options: VectorSearchOptions,
  ): Promise<VectorSearchResult | undefined> {
    return this.#life.run(async () => {
      checkSearch(vector, options, this.#life.model.dimension);
      const terms = filterTermsOf(options.filter);
      if (terms !== undefined) throw unsupported("filter");
      const index = this.#requireIndex();
      const gallery =
        options.gallery === undefined ? undefined : this.#galleries.get(options.gallery);
      if (options.gallery !== undefined && gallery === undefined) return undefined;
      const groups = options.candidates?.flatMap((id) => this.#subjects.get(id)?.key ?? []);
      const allowed = groups && Float64Array.from(groups);
      return searchAgain((last) =>
        settle(() => index.search(vector, options.k, gallery?.key, allowed), options.signal).then(
          (hits) => this.#resolve(hits, last),
        ),
      );
    });
  }

  /** `undefined` when a hit was deleted since the index found it. */
  #resolve(found: NativeHits, last: boolean): VectorSearchResult | undefined {
    const hits = Array.from(found.keys, (key) => this.#faces.get(key)).flatMap((face): Hit[] =>
      face === undefined
        ? []
        : [{ subjectId: face.subjectId, faceId: face.id, vector: face.vector.slice() }],
    );
    if (hits.length < found.keys.length && !last) return undefined;
    return { hits, compared: found.compared };
  }

  async changesSince(sequence: number, options: ChangesOptions): Promise<ChangePage | undefined> {
    return this.#life.run(async () => {
      checkChanges(sequence, options);
      this.#life.requirePrepared();
      throw unsupported("changesSince");
    });
  }

  async close(): Promise<void> {
    return this.#life.close(async () => {
      this.#index?.close();
      for (const face of this.#faces.values()) face.vector.fill(0);
      this.#faces.clear();
    });
  }

  async #read<T>(signal: AbortSignal | undefined, read: () => T): Promise<T> {
    return this.#life.run(async () => {
      if (signal?.aborted) throw new AbortedError(signal.reason);
      this.#life.requirePrepared();
      return read();
    });
  }

  #requireIndex(): NativeIndex {
    return present(this.#index);
  }

  #subject(id: string): Subject {
    return present(this.#subjects.get(id));
  }

  #gallery(id: string): { readonly key: number; readonly members: SortedIds } {
    return present(this.#galleries.get(id));
  }

  #face(key: number): FaceRecord {
    return present(this.#faces.get(key));
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new CountenanceError("COUNTENANCE_INTERNAL", "the memory store lost a record");
  }
  return value;
}

function summary(id: string, subject: Subject): SubjectSummary {
  return { id, metadata: fromJson(subject.metadata), createdAtMs: subject.createdAtMs };
}

function fromJson(text: string | undefined): Metadata | undefined {
  // Made by capture(), of a Metadata.
  return text === undefined ? undefined : (JSON.parse(text) as Metadata);
}
