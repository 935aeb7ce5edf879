import { native, type NativeDatabase, type NativeIndex } from "../internal/native.js";
import { settle } from "../internal/task.js";
import { integerIn, optionalBoolean, optionalSignal, plainOptions } from "../internal/validate.js";
import { comparable } from "../pipeline.js";
import { capture, sharedCopies, type CapturedOperation } from "./captured.js";
import { changesOf } from "./changes.js";
import {
  checkChanges,
  checkId,
  checkModel,
  checkPage,
  checkSearch,
  MAX_DIMENSION,
} from "./checks.js";
import { Lifecycle } from "./lifecycle.js";
import { filterTermsOf } from "./metadata-filter.js";
import { createNativeIndex } from "./native-index.js";
import { databasePathOf, queueLimitOf } from "./options.js";
import { planOperations } from "./plan.js";
import { lookUp, SqliteReader } from "./sqlite-reader.js";
import { faceOf, numberOf, summaryOf, textOf } from "./sqlite-rows.js";
import {
  changePageOf,
  CHANGES_BETWEEN_TRIMS,
  logChanges,
  selectChanges,
  TRIM_LOG,
} from "./sqlite-changes.js";
import { readFacts } from "./sqlite-facts.js";
import { createSchema, openSchema } from "./sqlite-schema.js";
import { SqliteSearches } from "./sqlite-searches.js";
import { setSequence, writeEffects } from "./sqlite-statements.js";
import type {
  ChangePage,
  ChangesOptions,
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

export { checkSqliteStore } from "./sqlite-check.js";

export interface SqliteStoreOptions {
  /**
   * The database file. It is made when there is none, readable by its owner only. A relative one
   * counts from the current folder at the time of the call.
   */
  readonly path: string;
  /** Threads that read, 1..64. Default 2. */
  readonly readers?: number;
  /**
   * How many reads, writes and searches each may wait before `COUNTENANCE_BUSY`, 1..1,048,576.
   * Default 10,000.
   */
  readonly queueLimit?: number;
  readonly signal?: AbortSignal;
}

export interface BackupOptions {
  /** Replaces a file that is there. Default false: then such a file is an invalid argument. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
}

/** A store in one SQLite file. */
export interface SqliteStore extends Store {
  /**
   * Copies the store as it is at one moment into a file of its own, which `openSqliteStore` opens.
   * Searches and transactions go on meanwhile. The copy holds no byte of what was deleted; it is
   * checked and on the disk before it gets its name, and readable by its owner only.
   * @param path  Of the copy. A relative one counts from the current folder at the time of the call.
   * @throws {CountenanceError} `INVALID_ARGUMENT` for a file that is there, and for a path that
   *   cannot be used; `STORE_LOCKED` for a store that is open; `STORE_FULL`, `STORE_READ_ONLY`,
   *   `STORE_IO`, `STORE_CORRUPT`, `ABORTED`. Then nothing is left behind.
   */
  backup(path: string, options?: BackupOptions): Promise<void>;
}

const MAX_READERS = 64;

/**
 * Opens a store in one SQLite file, which this handle owns until `close`.
 * @throws {CountenanceError} `STORE_LOCKED` at once when another handle or process has it,
 *   `STORE_CORRUPT` for a damaged file and for one that is not ours, `INVALID_ARGUMENT` for a path
 *   that cannot be used, and for one of several hard links to a file.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const given = plainOptions("options", options, ["path", "readers", "queueLimit", "signal"]);
  const path = databasePathOf(given.path);
  const readers =
    given.readers === undefined ? 2 : integerIn("readers", given.readers, 1, MAX_READERS);
  const queueLimit = queueLimitOf(given.queueLimit, 10_000);
  const signal = optionalSignal("signal", given.signal);
  const database = await settle(() => native().openDatabase(path, { readers, queueLimit }), signal);
  try {
    return new SqliteFile(database, await openSchema(database, signal), queueLimit);
  } catch (error) {
    await settle(() => database.close()).catch(() => undefined); // the first reason is the one to tell
    throw error;
  }
}

interface Signalled {
  readonly signal?: AbortSignal;
}

class SqliteFile implements SqliteStore {
  readonly supports = {
    exact: true,
    durable: true,
    filter: true,
    changes: true,
    maxDimension: MAX_DIMENSION,
    returnsVector: true,
    transactions: true,
    readYourWrites: true,
  } as const;
  readonly #database: NativeDatabase;
  readonly #reader: SqliteReader;
  readonly #searches: SqliteSearches;
  readonly #queueLimit: number;
  readonly #life = new Lifecycle();
  readonly #counters = { subject: 0, face: 0, gallery: 0 };
  #hasSchema: boolean;
  #index: NativeIndex | undefined;
  #sequence = 0;
  /** Changes since the log was trimmed; at first unknown. */
  #untrimmed = CHANGES_BETWEEN_TRIMS;

  constructor(database: NativeDatabase, hasTables: boolean, queueLimit: number) {
    this.#database = database;
    this.#reader = new SqliteReader(database);
    this.#searches = new SqliteSearches(database, this.#reader);
    this.#hasSchema = hasTables;
    this.#queueLimit = queueLimit;
  }

  async prepare(model: StoredModel, options: Signalled = {}): Promise<StoredModel> {
    return this.#life.run(async () => {
      checkModel(model);
      if (this.#life.isPrepared) return this.#life.model;
      const { modelId, pipeline, dimension } = model;
      const wanted = { modelId, pipeline, dimension }; // what the caller does to `model` is not seen
      const { signal } = options;
      if (!this.#hasSchema) await createSchema(this.#database, wanted, signal);
      this.#hasSchema = true;
      const { pinned, sequence, subject, face, gallery } = await readFacts(this.#reader, signal);
      this.#sequence = sequence;
      Object.assign(this.#counters, { subject, face, gallery });
      const same = comparable(pinned, wanted) && pinned.dimension === dimension;
      if (same) await this.#loadIndex(pinned.dimension, signal);
      this.#life.prepared(pinned, same);
      return pinned;
    });
  }

  async #loadIndex(dimension: number, signal: AbortSignal | undefined): Promise<void> {
    const index = createNativeIndex(dimension, this.#queueLimit);
    try {
      await settle(
        () =>
          this.#database.loadIndex(
            index,
            "SELECT key, subject_key, vector FROM face",
            "SELECT gallery_key, subject_key FROM membership",
          ),
        signal,
      );
    } catch (error) {
      index.close();
      throw error;
    }
    this.#index = index;
  }

  async transaction(
    operations: readonly StoreOperation[],
    options: Signalled = {},
  ): Promise<TransactionResult> {
    return this.#life.run(async () => {
      const { dimension } = this.#life.model;
      const captured = capture(operations, dimension, sharedCopies(dimension));
      if (captured.some(({ kind }) => kind === "add-face")) this.#life.requireSearchable();
      for (let assumeNew = true; ; assumeNew = false) {
        const result = await this.#attempt(captured, assumeNew, options.signal);
        if (result !== undefined) return result;
      }
    });
  }

  /**
   * @param assumeNew  Plans on it that subjects to be created are not there, which spares to look.
   * @returns `undefined` when another transaction changed what this one was planned on, or when what
   *   was assumed may be wrong.
   */
  async #attempt(
    operations: readonly CapturedOperation[],
    assumeNew: boolean,
    signal: AbortSignal | undefined,
  ): Promise<TransactionResult | undefined> {
    const known = await lookUp(this.#reader, operations, assumeNew, signal);
    const plan = planOperations(operations, known.view, {
      subject: () => ++this.#counters.subject,
      face: () => ++this.#counters.face,
      gallery: () => ++this.#counters.gallery,
    });
    if (!plan.ok) {
      if (assumeNew) return undefined;
      return { committed: false, failed: plan.failed, reason: plan.reason };
    }
    // Writes are committed in the order of these calls, so that the number in the file only grows.
    const sequence = ++this.#sequence;
    const told = changesOf(plan.effects, sequence);
    this.#untrimmed += told.length;
    const trim = this.#untrimmed >= CHANGES_BETWEEN_TRIMS;
    if (trim) this.#untrimmed = 0;
    const statements = [
      ...known.guards(plan, sequence),
      ...writeEffects(plan.effects, sequence),
      ...logChanges(told, sequence),
      ...(trim ? [TRIM_LOG] : []),
      setSequence(sequence),
    ];
    const changes = this.#index && { changes: plan.changes };
    const result = await settle(() => this.#database.write({ statements, ...changes }), signal);
    return result.committed ? { committed: true, sequence } : undefined;
  }

  async getSubject(id: string, options: Signalled = {}): Promise<SubjectRecord | undefined> {
    return this.#life.run(async () => {
      checkId("subjectId", id);
      const { dimension } = this.#life.model;
      const [subjects = [], faces = [], galleries = []] = await this.#reader.read(
        [
          {
            sql: "SELECT id, metadata, created_at_ms, revision FROM subject WHERE id = ?1",
            params: [id],
          },
          {
            sql: "SELECT id, vector, x, y, width, height, score, created_at_ms FROM face WHERE subject_key = (SELECT key FROM subject WHERE id = ?1) ORDER BY key",
            params: [id],
          },
          {
            sql: "SELECT gallery.id FROM membership JOIN gallery ON gallery.key = gallery_key WHERE subject_key = (SELECT key FROM subject WHERE id = ?1) ORDER BY gallery.id",
            params: [id],
          },
        ],
        options.signal,
      );
      const [subject] = subjects;
      return (
        subject && {
          ...summaryOf(subject),
          revision: numberOf(subject, "revision"),
          faces: faces.map((row) => faceOf(row, id, dimension)),
          galleries: galleries.map((row) => textOf(row, "id")),
        }
      );
    });
  }

  async listSubjects(
    options: PageOptions & { readonly gallery?: string },
  ): Promise<readonly SubjectSummary[] | undefined> {
    return this.#life.run(async () => {
      checkPage(options);
      this.#life.requirePrepared();
      const { after = "", limit, gallery, signal } = options;
      const above = options.after === undefined ? ">=" : ">";
      if (gallery === undefined) {
        const sql = `SELECT id, metadata, created_at_ms FROM subject WHERE id ${above} ?1 ORDER BY id LIMIT ?2`;
        const [rows = []] = await this.#reader.read([{ sql, params: [after, limit] }], signal);
        return rows.map(summaryOf);
      }
      const [found = [], rows = []] = await this.#reader.read(
        [
          { sql: "SELECT key FROM gallery WHERE id = ?1", params: [gallery] },
          {
            sql: `SELECT id, metadata, created_at_ms FROM membership CROSS JOIN subject ON key = subject_key WHERE gallery_key = (SELECT key FROM gallery WHERE id = ?3) AND subject_id ${above} ?1 ORDER BY subject_id LIMIT ?2`,
            params: [after, limit, gallery],
          },
        ],
        signal,
      );
      return found.length === 0 ? undefined : rows.map(summaryOf);
    });
  }

  async listGalleries(options: PageOptions): Promise<readonly string[]> {
    return this.#life.run(async () => {
      checkPage(options);
      this.#life.requirePrepared();
      const above = options.after === undefined ? ">=" : ">";
      const sql = `SELECT id FROM gallery WHERE id ${above} ?1 ORDER BY id LIMIT ?2`;
      const params = [options.after ?? "", options.limit];
      const [rows = []] = await this.#reader.read([{ sql, params }], options.signal);
      return rows.map((row) => textOf(row, "id"));
    });
  }

  async hasGallery(galleryId: string, options: Signalled = {}): Promise<boolean> {
    return this.#life.run(async () => {
      checkId("galleryId", galleryId);
      this.#life.requirePrepared();
      const sql = "SELECT key FROM gallery WHERE id = ?1";
      const [rows = []] = await this.#reader.read([{ sql, params: [galleryId] }], options.signal);
      return rows.length > 0;
    });
  }

  async isMember(
    galleryId: string,
    subjectId: string,
    options: Signalled = {},
  ): Promise<boolean | undefined> {
    return this.#life.run(async () => {
      checkId("galleryId", galleryId);
      checkId("subjectId", subjectId);
      this.#life.requirePrepared();
      const sql =
        "SELECT EXISTS (SELECT 1 FROM membership WHERE gallery_key = gallery.key AND subject_id = subject.id) AS member FROM gallery, subject WHERE gallery.id = ?1 AND subject.id = ?2";
      const [rows = []] = await this.#reader.read(
        [{ sql, params: [galleryId, subjectId] }],
        options.signal,
      );
      return rows[0] && numberOf(rows[0], "member") === 1;
    });
  }

  async search(
    vector: Float32Array,
    options: VectorSearchOptions,
  ): Promise<VectorSearchResult | undefined> {
    return this.#life.run(async () => {
      checkSearch(vector, options, this.#life.model.dimension);
      const probe = vector.slice(); // the caller may write over its own while groups are looked up
      const terms = filterTermsOf(options.filter);
      this.#life.requireSearchable();
      return this.#searches.search(this.#searchable, probe, options, terms);
    });
  }

  async changesSince(sequence: number, options: ChangesOptions): Promise<ChangePage | undefined> {
    return this.#life.run(async () => {
      checkChanges(sequence, options);
      this.#life.requirePrepared();
      const statements = selectChanges(sequence, options.limit);
      return changePageOf(sequence, await this.#reader.read(statements, options.signal));
    });
  }

  async backup(path: string, options?: BackupOptions): Promise<void> {
    return this.#life.run(async () => {
      const given = plainOptions("options", options, ["overwrite", "signal"]);
      const overwrite = optionalBoolean("overwrite", given.overwrite) ?? false;
      const signal = optionalSignal("signal", given.signal);
      const file = databasePathOf(path);
      await settle(() => this.#database.backup(file, overwrite), signal);
    });
  }

  async close(): Promise<void> {
    return this.#life.close(async () => {
      try {
        await settle(() => this.#database.close());
      } finally {
        this.#index?.close(); // last: the writes that waited change it too
      }
    });
  }

  /** Set whenever `requireSearchable` has passed. */
  get #searchable(): NativeIndex {
    return this.#index as NativeIndex;
  }
}
