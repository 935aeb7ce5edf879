import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { CountenanceError } from "../errors.js";

/** Work that runs off the main thread. `cancel` makes `done` reject with COUNTENANCE_ABORTED. */
export interface NativeTask<T> {
  readonly done: Promise<T>;
  cancel(): void;
}

/** `count` faces, largest first, as flat arrays. */
export interface NativeAnalysis {
  readonly count: number;
  /** [count x 4]: x, y, width, height in pixels of the picture. */
  readonly boxes: Float32Array;
  /** [count]: the detector's own confidence. */
  readonly scores: Float32Array;
  /** [count x 10]: x, y of the five points. */
  readonly landmarks: Float32Array;
  /** [count]: pixels of the picture per pixel of the face chip, along a side. */
  readonly chipScales: Float32Array;
  /** [count x 128], or empty when no embedding was asked for. */
  readonly embeddings: Float32Array;
}

/** The face that is followed, in one frame. */
export interface NativeTrackedFace {
  /**
   * [23]: box (x, y, width, height), score, x and y of the five points, yaw, pitch and roll, openness
   * of the left and the right eye, pixels between the eyes' outer corners, sharpness, light.
   */
  readonly numbers: Float32Array;
  readonly followed: boolean;
  /** [128], or empty where none was asked for. */
  readonly embedding: Float32Array;
}

export interface NativeTrackedFrame {
  readonly face?: NativeTrackedFace;
  readonly facesSeen?: number;
}

export interface NativeBestFrame {
  readonly timestampMs: number;
  /** A copy: width x height x channels. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly face: NativeTrackedFace;
  readonly embedding: Float32Array;
}

/** One face's way through a clip. It does one thing at a time: a second one is COUNTENANCE_BUSY. */
export interface NativeFaceTrack {
  /** @param pixels  As for `analyze`. */
  step(
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: 1 | 3,
    timestampMs: number,
  ): NativeTask<NativeTrackedFrame>;
  best(): NativeTask<NativeBestFrame | undefined>;
}

/** What a picture shows, and what the anti-spoofing networks make of its largest face. */
export interface NativePassiveScores {
  /** 0, 1, or 2 for more. With none, the rest says nothing. */
  readonly faces: number;
  /** Pixels of the picture. */
  readonly faceWidth: number;
  readonly faceHeight: number;
  /** Each network's share for "live": 0..1. */
  readonly v2: number;
  readonly v1se: number;
  /** How many times the face's own size the picture shows around it, as far as is wanted: up to 4. */
  readonly scale: number;
  /** Mean difference between a pixel's largest and smallest channel: 0..255, 0 is grey. */
  readonly colour: number;
}

/** The anti-spoofing networks of one engine. */
export interface NativePassiveCheck {
  /** @param pixels  As for `analyze`. */
  check(
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: 1 | 3,
  ): NativeTask<NativePassiveScores>;
}

export interface NativeEngine {
  /** Never "auto". */
  readonly precision: "f32" | "bf16" | "int8";
  /**
   * @param pixels RGB8 or grey, width x height x channels, packed. They are given away: pinned until
   *   the task ends, then freed by detaching their buffer, if they cover all of it.
   */
  analyze(
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: 1 | 3,
    maxFaces: number,
    embed: boolean,
  ): NativeTask<NativeAnalysis>;
  /** @param embedEveryMs  Undefined: never. */
  track(contour: "iris" | "mesh", embedEveryMs: number | undefined): NativeFaceTrack;
  /** @param v2, v1se  Whole model files, given away like pixels. */
  loadPassive(v2: Uint8Array, v1se: Uint8Array): NativeTask<NativePassiveCheck>;
  /** Joins the threads: call it when no task is under way. Idempotent. */
  close(): void;
}

/** Changes to an index, applied together. Keys, groups and tags are integers up to 2^53 - 1. */
export interface NativeIndexChanges {
  /** `vectors` is [keys.length x dimension]; a key that exists is replaced. */
  readonly add?: { keys: Float64Array; groups: Float64Array; vectors: Float32Array };
  readonly remove?: Float64Array;
  /** Removes every vector and every tag of these groups. */
  readonly removeGroups?: Float64Array;
  /** Pairs tag, group, tag, group ... */
  readonly tag?: Float64Array;
  readonly untag?: Float64Array;
  readonly removeTags?: Float64Array;
}

/** The best vector of each of the k nearest groups; nearest first, ties by key. */
export interface NativeHits {
  readonly keys: Float64Array;
  readonly groups: Float64Array;
  /** Euclidean. */
  readonly distances: Float32Array;
  /** How many vectors passed the restriction; the query was compared with all of them. */
  readonly compared: number;
  /** How many of these the 8-bit codes had to decide on, and how many a comparison in f32. */
  readonly refined: number;
  readonly reranked: number;
}

/**
 * Exact nearest-neighbour search over vectors. A vector has a key; a group (subject) has vectors;
 * a tag (gallery) has groups.
 */
export interface NativeIndex {
  readonly size: number;
  readonly dimension: number;
  /**
   * Restriction by `tag` and by `groups` happens before the nearest are chosen.
   * @param k  1..1,000, or 1..1,000,000 with a finite `maxDistance`.
   * @param maxDistance  Euclidean; only what is as near as that.
   */
  search(
    query: Float32Array,
    k: number,
    tag: number | undefined,
    groups: Float64Array | undefined,
    maxDistance?: number,
  ): NativeTask<NativeHits>;
  apply(changes: NativeIndexChanges): NativeTask<void>;
  /** Joins the threads: call it when no task is under way. Idempotent. */
  close(): void;
}

/** Ids as the addon takes them: integers, or all strings joined, with their lengths in UTF-16 units. */
export type NativeIds = Float64Array | { readonly text: string; readonly lengths: Uint32Array };

/** Answers to one or more queries, one after the other. */
export interface NativeNamedHits {
  readonly ids: Float64Array | readonly string[];
  readonly distances: Float64Array;
  /** How many are of each query. */
  readonly counts: Uint32Array;
}

/** Exact nearest-neighbour search over vectors with ids, for `createIndex`. */
export interface NativeNamedIndex {
  readonly size: number;
  /** Whether all of them are there. */
  has(ids: NativeIds): boolean;
  add(ids: NativeIds, vectors: Float32Array): NativeTask<void>;
  /** @returns How many of them were there. */
  remove(ids: NativeIds): NativeTask<number>;
  /** @param queries [n x dimension] */
  search(
    queries: Float32Array,
    k: number,
    maxDistance: number,
    candidates: NativeIds | undefined,
  ): NativeTask<NativeNamedHits>;
  save(path: string, format: "countenance" | "faiss"): NativeTask<void>;
  load(path: string, format: "countenance" | "faiss"): NativeTask<void>;
  clear(): NativeTask<void>;
  /** Joins the threads: call it when no task is under way. Idempotent. */
  close(): void;
}

export type SqlValue = null | number | string | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/**
 * A value for each time that a statement runs: numbers (NaN is NULL), texts, or blobs of `each`
 * floats, one after the other.
 */
export type SqlColumn =
  | Float64Array
  | readonly (string | null)[]
  | { readonly floats: Float32Array; readonly each: number };

export interface SqlStatement {
  readonly sql: string;
  readonly params?: readonly SqlValue[];
  /**
   * The whole batch is rolled back unless the statement changes exactly this many rows, each time
   * that it runs.
   */
  readonly expectChanges?: number;
  /**
   * For a write: runs the statement once for each row of the columns, which are all of one length.
   * Their values follow `params`. A row costs a fraction of a statement of its own.
   */
  readonly columns?: readonly SqlColumn[];
}

export interface NativeWrite {
  readonly statements: readonly SqlStatement[];
  /** Applied to `index` by the writer thread after the commit, in commit order. */
  readonly changes?: NativeIndexChanges;
}

export type NativeWriteResult =
  | { readonly committed: true; readonly changes: readonly number[] }
  /** Statement number `failed` missed its `expectChanges`; nothing was written. */
  | { readonly committed: false; readonly failed: number };

/** One SQLite file, owned by this handle: one writer thread with group commit, some readers. */
export interface NativeDatabase {
  write(batch: NativeWrite): NativeTask<NativeWriteResult>;
  /** Runs the statements in one read transaction; rows per statement. */
  read(statements: readonly SqlStatement[]): NativeTask<readonly (readonly SqlRow[])[]>;
  /**
   * The keys that every one of the sets has, ascending; a set is what its statements find in their
   * first columns. One read transaction.
   */
  readKeys(sets: readonly (readonly SqlStatement[])[]): NativeTask<Float64Array>;
  /**
   * Loads an index without passing JavaScript, and keeps it: write() applies its changes to it.
   * @param vectorsSql  Columns: key, group, vector (blob of dimension x f32, little endian).
   * @param tagsSql  Columns: tag, group.
   */
  loadIndex(index: NativeIndex, vectorsSql: string, tagsSql: string): NativeTask<void>;
  /** Copies the database as it is at one moment into a new file, while others read and write. */
  backup(path: string, overwrite: boolean): NativeTask<void>;
  /** Lets queued writes end, checkpoints, joins, releases the lock. Idempotent. */
  close(): NativeTask<void>;
}

/** Whole model files, given away like pixels. */
export interface NativeModelFiles {
  readonly embedder: Uint8Array;
  /** Needed by the detectors blazeface and yunet. */
  readonly detection?: Uint8Array | undefined;
  readonly mesh: Uint8Array;
  readonly iris: Uint8Array;
  /** Needed by the alignment dlib. */
  readonly landmarks?: Uint8Array | undefined;
}

export interface NativeAddon {
  createEngine(
    options: NativeModelFiles & {
      detector: "blazeface" | "hog" | "yunet";
      alignment: "mesh" | "dlib";
      precision: "auto" | "f32" | "bf16" | "int8";
      threads: number;
      queueLimit: number;
    },
  ): NativeTask<NativeEngine>;
  createIndex(options: { dimension: number; threads: number; queueLimit: number }): NativeIndex;
  createNamedIndex(options: {
    dimension: number;
    metric: "l2" | "cosine";
    threads: number;
    queueLimit: number;
  }): NativeNamedIndex;
  openDatabase(
    path: string,
    options: { readers: number; queueLimit: number },
  ): NativeTask<NativeDatabase>;
  /**
   * One run of a model file on this thread, for the build and the command line: milliseconds to a
   * second. `kind` says how to read the file; `input` is [height x width x channels].
   * @param level  One of kernelLevels(); the best unless told otherwise.
   * @returns By the output's name: [height x width x channels].
   */
  runModel(
    kind: "network" | "embedder" | "landmarks",
    model: Uint8Array,
    input: Float32Array,
    level?: string,
  ): Readonly<Record<string, Float32Array>>;
  /** The levels of our kernels that this CPU can run, best first. */
  kernelLevels(): readonly string[];
}

let loaded: NativeAddon | undefined;

/** Loads the addon on first use: the prebuilt one of the npm package, else the one built here. */
export function native(): NativeAddon {
  loaded ??= load();
  return loaded;
}

/** Where the addon of this platform may be, in the order of preference. */
export function addonPaths(): readonly string[] {
  const root = packageRoot();
  return [
    join(root, "build", "Release", "countenance.node"),
    join(root, "prebuilds", `${process.platform}-${process.arch}`, "countenance.node"),
  ];
}

/** The folder of countenance's own package.json: bundles and sources lie at different depths. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new CountenanceError(
        "COUNTENANCE_NATIVE_UNAVAILABLE",
        "countenance must stay in its own package folder: keep it out of your bundle (mark it as external)",
      );
    }
    folder = parent;
  }
  return folder;
}

function load(): NativeAddon {
  const paths = addonPaths();
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) {
    throw new CountenanceError(
      "COUNTENANCE_NATIVE_UNAVAILABLE",
      `no native addon for ${process.platform}-${process.arch}; in a source checkout run: npm run setup`,
    );
  }
  try {
    // The addon is checked against this interface by the native tests.
    return createRequire(found)(found) as NativeAddon;
  } catch (cause) {
    throw new CountenanceError(
      "COUNTENANCE_NATIVE_UNAVAILABLE",
      `the native addon for ${process.platform}-${process.arch} could not be loaded`,
      { cause },
    );
  }
}
