import { CountenanceError } from "./errors.js";
import { fullPathOf } from "./internal/full-path.js";
import {
  native,
  type NativeIds,
  type NativeNamedHits,
  type NativeNamedIndex,
} from "./internal/native.js";
import { nativeIds } from "./internal/native-ids.js";
import { Operations } from "./internal/operations.js";
import { fromNative, settle } from "./internal/task.js";
import { lengthOf } from "./internal/typed-array.js";
import { oneOf, optionalSignal, plainOptions } from "./internal/validate.js";
import type { CallOptions } from "./galleries.js";
import {
  INDEX_FORMATS,
  type IndexFormat,
  type IndexMetric,
  indexOptionsOf,
  type IndexSearchOptions,
  searchOptionsOf,
  type VectorIndexOptions,
  vectorsOf,
} from "./vector-index-options.js";

/** What calls that wait may hold copies of, besides a first one of any size. */
const MAX_PENDING_BYTES = 2 ** 30;

export interface IndexHit<Id extends string | number> {
  readonly id: Id;
  /** In the index's metric: Euclidean, or 1 - cosine in 0..2 (exact to 1e-6). */
  readonly distance: number;
}

export interface IndexFileOptions extends CallOptions {
  /** `countenance` (default) is ours, with a checksum; `faiss` is a flat index of FAISS. */
  readonly format?: IndexFormat | undefined;
}

/**
 * Exact nearest-neighbour search over vectors in memory, off the main thread.
 *
 * Ids are all strings (1..1024 UTF-8 bytes) or all integers (0..2^53-2). Changes take effect in the
 * order of the calls, each as a whole, and searches never wait for them. Arrays are copied before a
 * call returns its promise.
 *
 * Every call rejects with `INVALID_ARGUMENT`, `BUSY` (too much waits: retry later), `ABORTED`, and
 * `STORE_CLOSED` after `close`.
 */
export interface VectorIndex<Id extends string | number> {
  readonly size: number;
  readonly dimension: number;
  readonly metric: IndexMetric;

  /** @throws {CountenanceError} `INVALID_ARGUMENT`, `STORE_CLOSED`. */
  has(id: Id): boolean;

  /**
   * Adds vectors, and replaces those of ids that are there: all of them or, when it fails, none.
   * @param vectors  [ids.length x dimension], finite.
   */
  add(ids: readonly Id[], vectors: Float32Array, options?: CallOptions): Promise<void>;

  /** @returns How many of them were there. */
  remove(ids: readonly Id[], options?: CallOptions): Promise<number>;

  /**
   * The nearest vectors, nearest first; ties in the order of integer ids, or in which strings were
   * first added.
   * @param vector  [dimension], finite.
   */
  search(vector: Float32Array, options?: IndexSearchOptions<Id>): Promise<readonly IndexHit<Id>[]>;

  /**
   * The same for several vectors, which is faster than one at a time.
   * @param vectors  [n x dimension]. Changes that are made meanwhile may be seen by some only.
   */
  searchBatch(
    vectors: Float32Array,
    options?: IndexSearchOptions<Id>,
  ): Promise<readonly (readonly IndexHit<Id>[])[]>;

  /**
   * Writes a file, readable by its owner only, that takes the place of the one at `path` once it is
   * whole and on the disk. Changes wait meanwhile; searches do not.
   * @throws {CountenanceError} `INVALID_ARGUMENT` also for string ids in a `faiss` file;
   * `STORE_LOCKED` while another index is saved there, `STORE_FULL`, `STORE_READ_ONLY`, `STORE_IO`.
   */
  save(path: string, options?: IndexFileOptions): Promise<void>;

  /**
   * Replaces everything by a file's contents, at one moment: when it fails, nothing has changed.
   * @throws {CountenanceError} `STORE_CORRUPT` for a file that is damaged or of another kind;
   * `INVALID_ARGUMENT` also for one of another dimension or metric; `STORE_IO`.
   */
  load(path: string, options?: IndexFileOptions): Promise<void>;

  /** Aborts what is under way, waits for its end, frees the memory. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * An empty index with its own threads.
 * @throws {CountenanceError} `INVALID_ARGUMENT`, `NATIVE_UNAVAILABLE`.
 */
export function createIndex<Id extends string | number = string>(
  options: VectorIndexOptions,
): VectorIndex<Id> {
  const { dimension, metric, threads, queueLimit } = indexOptionsOf(options);
  try {
    const index = native().createNamedIndex({
      dimension,
      metric,
      threads,
      queueLimit,
    });
    return new NativeBackedIndex<Id>(index, { dimension, metric, queueLimit });
  } catch (error) {
    throw fromNative(error);
  }
}

interface Facts {
  readonly dimension: number;
  readonly metric: IndexMetric;
  readonly queueLimit: number;
}

class NativeBackedIndex<Id extends string | number> implements VectorIndex<Id> {
  readonly dimension: number;
  readonly metric: IndexMetric;
  readonly #native: NativeNamedIndex; // joined by close()
  readonly #queueLimit: number;
  readonly #operations = new Operations(closedError);
  #pending = 0;
  #pendingBytes = 0;
  #closing: Promise<void> | undefined;

  constructor(index: NativeNamedIndex, { dimension, metric, queueLimit }: Facts) {
    this.#native = index;
    this.dimension = dimension;
    this.metric = metric;
    this.#queueLimit = queueLimit;
  }

  get size(): number {
    return this.#native.size;
  }

  has(id: Id): boolean {
    if (this.#closing !== undefined) throw closedError();
    try {
      return this.#native.has(nativeIds("id", [id]));
    } catch (error) {
      throw fromNative(error);
    }
  }

  async add(ids: readonly Id[], vectors: Float32Array, options?: CallOptions): Promise<void> {
    const names = nativeIds("ids", ids);
    const given = vectorsOf("vectors", vectors, this.dimension, lengthOfIds(names));
    await this.#run(signalOf(options), given.byteLength, (signal) =>
      settle(() => this.#native.add(names, given), signal),
    );
  }

  async remove(ids: readonly Id[], options?: CallOptions): Promise<number> {
    const names = nativeIds("ids", ids);
    return this.#run(signalOf(options), 0, (signal) =>
      settle(() => this.#native.remove(names), signal),
    );
  }

  async search(
    vector: Float32Array,
    options?: IndexSearchOptions<Id>,
  ): Promise<readonly IndexHit<Id>[]> {
    const query = vectorsOf("vector", vector, this.dimension, 1);
    const { k, maxDistance, candidates, signal: outer } = searchOptionsOf(options, 1);
    return this.#run(outer, query.byteLength, async (signal) => {
      const found = await settle(
        () => this.#native.search(query, k, maxDistance, candidates),
        signal,
      );
      return hitsOf<Id>(found)[0] ?? [];
    });
  }

  async searchBatch(
    vectors: Float32Array,
    options?: IndexSearchOptions<Id>,
  ): Promise<readonly (readonly IndexHit<Id>[])[]> {
    const queries = vectorsOf("vectors", vectors, this.dimension);
    const count = lengthOf(queries) / this.dimension;
    const { k, maxDistance, candidates, signal: outer } = searchOptionsOf(options, count);
    return this.#run(outer, queries.byteLength, async (signal) => {
      if (count === 0) return [];
      const task = () => this.#native.search(queries, k, maxDistance, candidates);
      return hitsOf<Id>(await settle(task, signal));
    });
  }

  async save(path: string, options?: IndexFileOptions): Promise<void> {
    const { file, format, outer } = fileOf(path, options);
    await this.#run(outer, 0, (signal) => settle(() => this.#native.save(file, format), signal));
  }

  async load(path: string, options?: IndexFileOptions): Promise<void> {
    const { file, format, outer } = fileOf(path, options);
    await this.#run(outer, 0, (signal) => settle(() => this.#native.load(file, format), signal));
  }

  close(): Promise<void> {
    this.#closing ??= this.#release();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #release(): Promise<void> {
    await this.#operations.close();
    try {
      await settle(() => this.#native.clear()); // off this thread: it overwrites the vectors
    } catch (error) {
      // Calls that were given up still count in the native queue; close() clears as well.
      if (!(error instanceof CountenanceError && error.code === "COUNTENANCE_BUSY")) throw error;
    } finally {
      this.#native.close();
    }
  }

  /** Counts the call before it copies anything. */
  async #run<T>(
    outer: AbortSignal | undefined,
    bytes: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#operations.run(outer, async (signal) => {
      if (this.#pending >= this.#queueLimit) {
        throw busy(`at most ${String(this.#queueLimit)} calls under way, got one more`);
      }
      if (this.#pending > 0 && this.#pendingBytes + bytes > MAX_PENDING_BYTES) {
        throw busy(`at most ${String(MAX_PENDING_BYTES)} bytes of vectors under way, got more`);
      }
      this.#pending += 1;
      this.#pendingBytes += bytes;
      try {
        return await work(signal);
      } finally {
        this.#pending -= 1;
        this.#pendingBytes -= bytes;
      }
    });
  }
}

function hitsOf<Id extends string | number>(found: NativeNamedHits): IndexHit<Id>[][] {
  const { ids, distances, counts } = found;
  let at = 0;
  return Array.from(counts, (count) =>
    Array.from({ length: count }, (): IndexHit<Id> => {
      const hit = {
        // What the index holds is what add() took, of type Id, or what a file held: there the
        // caller says which.
        id: ids[at] as Id,
        distance: distances[at] ?? NaN,
      };
      at += 1;
      return hit;
    }),
  );
}

function lengthOfIds(ids: NativeIds): number {
  return ids instanceof Float64Array ? ids.length : ids.lengths.length;
}

function signalOf(options: unknown): AbortSignal | undefined {
  return optionalSignal("signal", plainOptions("options", options, ["signal"]).signal);
}

function fileOf(path: unknown, options: unknown) {
  const given = plainOptions("options", options, ["format", "signal"]);
  return {
    file: fullPathOf(path, "an index file"),
    format:
      given.format === undefined ? "countenance" : oneOf("format", given.format, INDEX_FORMATS),
    outer: optionalSignal("signal", given.signal),
  };
}

function closedError(): CountenanceError {
  return new CountenanceError("COUNTENANCE_STORE_CLOSED", "the index is closed");
}

function busy(expected: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_BUSY", `expected ${expected}: retry later`);
}
