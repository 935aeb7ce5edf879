import { AbortedError } from "../errors.js";
import type { NativeHits, NativeIndex } from "../internal/native.js";
import { settle } from "../internal/task.js";
import { plainOptions } from "../internal/validate.js";
import { ChangeLog } from "./change-log.js";
import { changesOf } from "./changes.js";
import { capture, type CapturedOperation } from "./captured.js";
import {
  checkChanges,
  checkId,
  checkModel,
  checkPage,
  checkSearch,
  MAX_DIMENSION,
} from "./checks.js";
import { Lifecycle } from "./lifecycle.js";
import { type FilterTerms, filterTermsOf } from "./metadata-filter.js";
import { MemoryRecords } from "./memory-records.js";
import { createNativeIndex } from "./native-index.js";
import { queueLimitOf } from "./options.js";
import { planOperations } from "./plan.js";
import type {
  ChangePage,
  ChangesOptions,
  Hit,
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

interface Signalled {
  readonly signal?: AbortSignal;
}

class MemoryStore implements Store {
  readonly supports = {
    exact: true,
    durable: false,
    filter: true,
    changes: true,
    maxDimension: MAX_DIMENSION,
    returnsVector: true,
    transactions: true,
    readYourWrites: true,
  } as const;
  readonly #queueLimit: number;
  readonly #life = new Lifecycle();
  readonly #records = new MemoryRecords();
  readonly #changes = new ChangeLog();
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
        subject: (id) => this.#records.subject(id),
        gallery: (id) => this.#records.gallery(id)?.key,
      },
      {
        subject: () => ++this.#counters.subject,
        face: () => ++this.#counters.face,
        gallery: () => ++this.#counters.gallery,
      },
    );
    if (!plan.ok) return { committed: false, failed: plan.failed, reason: plan.reason };
    this.#records.checkFaceIds(plan.effects);
    const takeBack = this.#records.announceFaces(plan.effects);
    try {
      await settle(() => this.#requireIndex().apply(plan.changes));
    } catch (error) {
      takeBack();
      throw error;
    }
    const sequence = ++this.#sequence;
    for (const effect of plan.effects) this.#records.apply(effect, sequence);
    this.#changes.add(sequence, changesOf(plan.effects, sequence));
    return { committed: true, sequence };
  }

  async getSubject(id: string, options: Signalled = {}): Promise<SubjectRecord | undefined> {
    return this.#read(options.signal, () => {
      checkId("subjectId", id);
      return this.#records.subjectRecord(id);
    });
  }

  async listSubjects(
    options: PageOptions & { readonly gallery?: string },
  ): Promise<readonly SubjectSummary[] | undefined> {
    return this.#read(options.signal, () => {
      checkPage(options);
      const { gallery, after, limit } = options;
      const ids =
        gallery === undefined ? this.#records.subjectIds : this.#records.gallery(gallery)?.members;
      return ids?.page(after, limit).map((id) => this.#records.summary(id));
    });
  }

  async listGalleries(options: PageOptions): Promise<readonly string[]> {
    return this.#read(options.signal, () => {
      checkPage(options);
      return this.#records.galleryIds.page(options.after, options.limit);
    });
  }

  async hasGallery(galleryId: string, options: Signalled = {}): Promise<boolean> {
    return this.#read(options.signal, () => {
      checkId("galleryId", galleryId);
      return this.#records.gallery(galleryId) !== undefined;
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
      if (this.#records.subject(subjectId) === undefined) return undefined;
      return this.#records.gallery(galleryId)?.members.has(subjectId);
    });
  }

  async search(
    vector: Float32Array,
    options: VectorSearchOptions,
  ): Promise<VectorSearchResult | undefined> {
    return this.#life.run(async () => {
      checkSearch(vector, options, this.#life.model.dimension);
      const terms = filterTermsOf(options.filter);
      const { k, candidates, signal } = options;
      if (signal?.aborted) throw new AbortedError(signal.reason);
      const gallery =
        options.gallery === undefined ? undefined : this.#records.gallery(options.gallery);
      if (options.gallery !== undefined && gallery === undefined) return undefined;
      const groups = this.#groupsOf(candidates, terms);
      const index = this.#requireIndex();
      return this.#records.searches.run(async () =>
        this.#resolve(await settle(() => index.search(vector, k, gallery?.key, groups), signal)),
      );
    });
  }

  /** The keys of the subjects that are left; `undefined` when nothing restricts them. */
  #groupsOf(
    candidates: readonly string[] | undefined,
    terms: FilterTerms | undefined,
  ): Float64Array | undefined {
    const { metadata } = this.#records;
    if (candidates === undefined) return terms && Float64Array.from(metadata.select(terms));
    const keys = candidates.flatMap((id) => this.#records.subject(id)?.key ?? []);
    return Float64Array.from(terms === undefined ? keys : metadata.filter(keys, terms));
  }

  #resolve(found: NativeHits): VectorSearchResult {
    const hits = Array.from(found.keys, (key): Hit => {
      const { subjectId, id, vector } = this.#records.face(key);
      return { subjectId, faceId: id, vector: vector.slice() };
    });
    return { hits, compared: found.compared };
  }

  async changesSince(sequence: number, options: ChangesOptions): Promise<ChangePage | undefined> {
    return this.#read(options.signal, () => {
      checkChanges(sequence, options);
      return this.#changes.since(sequence, options.limit);
    });
  }

  async close(): Promise<void> {
    return this.#life.close(async () => {
      this.#index?.close();
      this.#records.wipe();
    });
  }

  async #read<T>(signal: AbortSignal | undefined, read: () => T): Promise<T> {
    return this.#life.run(async () => {
      if (signal?.aborted) throw new AbortedError(signal.reason);
      this.#life.requirePrepared();
      return read();
    });
  }

  /** Set by `prepare`, without which nothing gets here. */
  #requireIndex(): NativeIndex {
    return this.#index as NativeIndex;
  }
}
