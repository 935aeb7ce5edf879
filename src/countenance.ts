import { randomUUID } from "node:crypto";

import {
  type Calibration,
  distanceAt,
  fmrAt,
  fmrOfComparison,
  fmrOfDecision,
} from "./calibration.js";
import { type Candidate, decide, type Decision } from "./decision.js";
import { createEngine, type Engine } from "./engine.js";
import { CountenanceError } from "./errors.js";
import type { Face } from "./face.js";
import { createGalleries, DEFAULT_GALLERY, type Galleries } from "./galleries.js";
import { Operations } from "./internal/operations.js";
import {
  optionalSignal,
  id,
  integerIn,
  invalidArgument,
  jsonText,
  numberIn,
  plainOptions,
} from "./internal/validate.js";
import { largestFaceOf, type Probe } from "./probe.js";
import {
  probeList,
  type RegisterOptions,
  registerSubject,
  type Registration,
} from "./registration.js";
import { refusalError } from "./refusals.js";
import {
  registerEach,
  type RegisterManyItem,
  type RegisterManyOptions,
  type RegisterManyResult,
} from "./register-many.js";
import { createMemoryStore } from "./stores/memory.js";
import { openSqliteStore } from "./stores/sqlite.js";
import type { Store } from "./stores/store.js";
import { createSubjects, type Subjects } from "./subjects.js";
import { euclidean } from "./template.js";

/**
 * The distance up to which two faces match, unless a call says otherwise: a false match rate of
 * about 1e-3 per comparison on LFW (0.6, dlib's own suggestion, is about 1.1e-2).
 */
export const DEFAULT_MAX_DISTANCE = 0.53;

export interface OpenOptions {
  /** The SQLite file, created when it is new. Without `path` and `store`, faces live in memory. */
  readonly path?: string;
  /** A store of your own, instead of `path`. It stays open when countenance closes. */
  readonly store?: Store;
  /** An engine to share. It stays open when countenance closes. Default: an own one. */
  readonly engine?: Engine;
  readonly signal?: AbortSignal;
}

export interface VerifyOptions {
  /** The false match rate that the decision may have. Not together with `maxDistance`. */
  readonly fmr?: number;
  /** The Euclidean distance up to which faces match, 0..2. Default 0.53. */
  readonly maxDistance?: number;
  readonly signal?: AbortSignal;
}

export interface Verification {
  readonly decision: Decision;
  /** Euclidean, to the subject's nearest face. */
  readonly distance: number;
  /** The estimated false match rate of a decision at this distance, over all `comparisons`. */
  readonly fmr: number;
  /** The distance up to which the decision is a match. */
  readonly threshold: number;
  /** How many faces the probe was compared with. */
  readonly comparisons: number;
  /** The probe's face; undefined when the probe was a template. */
  readonly face: Face | undefined;
}

export interface SearchOptions {
  /** Only members of this gallery. Default: everybody. */
  readonly gallery?: string;
  /** How many candidates to return at most, 1..1000. Default 1. */
  readonly limit?: number;
  /** Only these subjects, at most 10,000 ids; unknown ids are passed over. */
  readonly candidates?: readonly string[];
  /** The Euclidean distance up to which faces match, 0..2. Default 0.53. */
  readonly maxDistance?: number;
  readonly signal?: AbortSignal;
}

export interface SearchResult {
  readonly decision: Decision;
  /** The nearest subjects, nearest first, whether they match or not. */
  readonly candidates: readonly Candidate[];
  readonly threshold: number;
  /** How many faces the probe was compared with, after the restrictions. */
  readonly comparisons: number;
  /** The probe's face; undefined when the probe was a template. */
  readonly face: Face | undefined;
}

export interface Comparison {
  readonly decision: { readonly kind: "match" } | { readonly kind: "no-match" };
  readonly distance: number;
  /** The estimated false match rate at this distance. */
  readonly fmr: number;
  readonly threshold: number;
  /** The two faces; undefined for a template. */
  readonly faces: readonly [Face | undefined, Face | undefined];
}

/** People and their faces: register, verify, search. */
export interface Countenance {
  readonly engine: Engine;
  readonly subjects: Subjects;
  readonly galleries: Galleries;

  /**
   * Registers a person under an id, or under a new UUID when the id is `undefined`. All or nothing.
   * Each picture must show exactly one face, and all of one person.
   * @throws {CountenanceError} `SUBJECT_EXISTS`, `NO_FACE`, `MULTIPLE_FACES`, `FACE_MISMATCH`,
   * `MODEL_MISMATCH` (templates), `IMAGE_UNREADABLE`, `IMAGE_TOO_LARGE`, `UNSUPPORTED`,
   * `INVALID_ARGUMENT`, `BUSY`, `ABORTED`, `STORE_CLOSED`.
   */
  register(
    subjectId: string | undefined,
    images: Probe | readonly Probe[],
    options?: RegisterOptions,
  ): Promise<Registration>;

  /**
   * Registers many, several at once, and tells of each as it ends. A bad item is a result like any
   * other and never stops the rest. Leaving the loop aborts what is under way.
   */
  registerMany(
    items: Iterable<RegisterManyItem> | AsyncIterable<RegisterManyItem>,
    options?: RegisterManyOptions,
  ): AsyncGenerator<RegisterManyResult>;

  /**
   * Is this the person who they claim to be? Of several faces the largest one is the probe.
   * @throws {CountenanceError} `SUBJECT_NOT_FOUND`, `NO_FACE`, and what `register` throws for images.
   */
  verify(subjectId: string, probe: Probe, options?: VerifyOptions): Promise<Verification>;

  /**
   * Who is this? Of several faces the largest one is the probe.
   * @throws {CountenanceError} `GALLERY_NOT_FOUND`, `NO_FACE`, and what `register` throws for images.
   */
  search(probe: Probe, options?: SearchOptions): Promise<SearchResult>;

  /** Do two pictures show one person? Of several faces the largest one counts. Nothing is stored. */
  compare(a: Probe, b: Probe, options?: VerifyOptions): Promise<Comparison>;

  /** Aborts what is under way, waits for its end, closes what `openCountenance` opened. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a store and makes it searchable.
 * @throws {CountenanceError} `INVALID_ARGUMENT`, `STORE_LOCKED`, `STORE_CORRUPT`, `MODEL_MISMATCH`
 * (the store was made with another model), `MODEL_MISSING`, `MODEL_CORRUPT`, `NATIVE_UNAVAILABLE`,
 * `ABORTED`.
 */
export async function openCountenance(options: OpenOptions = {}): Promise<Countenance> {
  plainOptions("options", options, ["path", "store", "engine", "signal"]);
  const { path, store: givenStore, engine: givenEngine } = options;
  const signal = optionalSignal("signal", options.signal);
  if (path !== undefined && givenStore !== undefined) {
    throw bothGiven("path", "store");
  }
  const ownSignal = signal === undefined ? {} : { signal };
  const opened: { close(): Promise<void> }[] = [];
  try {
    const engine = givenEngine ?? (await createEngine(ownSignal));
    if (givenEngine === undefined) opened.push(engine);
    const store =
      givenStore ??
      (path === undefined ? createMemoryStore() : await openSqliteStore({ path, ...ownSignal }));
    if (givenStore === undefined) opened.unshift(store);
    const { modelId, pipeline, dimension } = engine;
    const pinned = await store.prepare({ modelId, pipeline, dimension }, ownSignal);
    if (pinned.modelId !== modelId || pinned.pipeline !== pipeline) {
      throw new CountenanceError(
        "COUNTENANCE_MODEL_MISMATCH",
        `expected a store of ${modelId}, ${pipeline}, got one of ${pinned.modelId}, ${pinned.pipeline}`,
      );
    }
    return new StoreBackedCountenance(engine, store, opened);
  } catch (error) {
    for (const resource of opened) await resource.close();
    throw error;
  }
}

class StoreBackedCountenance implements Countenance {
  readonly engine: Engine;
  readonly subjects: Subjects;
  readonly galleries: Galleries;
  readonly #store: Store;
  /** What openCountenance opened, in the order in which it is closed: the store first. */
  readonly #opened: readonly { close(): Promise<void> }[];
  readonly #operations = new Operations(
    () => new CountenanceError("COUNTENANCE_STORE_CLOSED", "countenance is closed"),
  );

  constructor(engine: Engine, store: Store, opened: readonly { close(): Promise<void> }[]) {
    this.engine = engine;
    this.#store = store;
    this.#opened = opened;
    this.subjects = createSubjects(engine, store, this.#operations);
    this.galleries = createGalleries(store, this.#operations);
  }

  async register(
    subjectId: string | undefined,
    images: Probe | readonly Probe[],
    options: RegisterOptions = {},
  ): Promise<Registration> {
    plainOptions("options", options, ["gallery", "galleries", "metadata", "ifExists", "signal"]);
    const { ifExists, metadata } = options;
    if (ifExists !== undefined && !["add", "replace"].includes(ifExists)) {
      throw invalidArgument("ifExists", '"add" or "replace"', ifExists);
    }
    if (metadata !== undefined) jsonText("metadata", metadata);
    const galleries = [
      ...(options.gallery === undefined ? [] : [id("gallery", options.gallery)]),
      ...idList("galleries", options.galleries ?? [], 1000),
    ];
    const request = {
      subjectId: subjectId === undefined ? randomUUID() : id("subjectId", subjectId),
      probes: probeList(images),
      galleries: [...new Set(galleries)].filter((gallery) => gallery !== DEFAULT_GALLERY),
      metadata,
      ifExists,
    };
    return this.#operations.run(optionalSignal("signal", options.signal), (signal) =>
      registerSubject(this.engine, this.#store, request, signal),
    );
  }

  registerMany(
    items: Iterable<RegisterManyItem> | AsyncIterable<RegisterManyItem>,
    options: RegisterManyOptions = {},
  ): AsyncGenerator<RegisterManyResult> {
    return registerEach(
      (item, signal) => {
        const { subjectId, images, ...rest } = item;
        return this.register(subjectId, images, { ...rest, signal });
      },
      items,
      options,
    );
  }

  async verify(
    subjectId: string,
    probe: Probe,
    options: VerifyOptions = {},
  ): Promise<Verification> {
    plainOptions("options", options, ["fmr", "maxDistance", "signal"]);
    id("subjectId", subjectId);
    refuseBothThresholds(options);
    return this.#operations.run(optionalSignal("signal", options.signal), async (signal) => {
      const subject = await this.#store.getSubject(subjectId, { signal });
      if (subject === undefined) throw refusalError("subject-missing");
      const { template, face } = await largestFaceOf(this.engine, probe, signal);
      const { calibration } = this.engine;
      const vector = template.vector;
      const candidates = subject.faces
        .map((known) => candidate(calibration, subjectId, known.id, known.vector, vector))
        .sort(nearestFirst);
      const [nearest] = candidates;
      if (nearest === undefined) throw refusalError("subject-missing");
      const comparisons = candidates.length;
      const threshold = thresholdOf(calibration, options, comparisons);
      return {
        decision: decide(candidates, threshold),
        distance: nearest.distance,
        fmr: fmrOfDecision(nearest.fmr, comparisons),
        threshold,
        comparisons,
        face,
      };
    });
  }

  async search(probe: Probe, options: SearchOptions = {}): Promise<SearchResult> {
    plainOptions("options", options, ["gallery", "limit", "candidates", "maxDistance", "signal"]);
    const k = integerIn("limit", options.limit ?? 1, 1, 1000);
    const { gallery } = options;
    if (gallery !== undefined) id("gallery", gallery);
    const restriction = {
      ...(gallery === undefined || gallery === DEFAULT_GALLERY ? {} : { gallery }),
      ...(options.candidates === undefined
        ? {}
        : { candidates: idList("candidates", options.candidates, 10_000) }),
    };
    const { calibration } = this.engine;
    const threshold = thresholdOf(calibration, options, 1);
    return this.#operations.run(optionalSignal("signal", options.signal), async (signal) => {
      if (restriction.gallery !== undefined) {
        const known = await this.#store.hasGallery(restriction.gallery, { signal });
        if (!known) throw refusalError("gallery-missing");
      }
      const { template, face } = await largestFaceOf(this.engine, probe, signal);
      const vector = template.vector;
      const found = await this.#store.search(vector, { k, ...restriction, signal });
      if (found === undefined) throw refusalError("gallery-missing");
      const candidates = found.hits
        .map((hit) => candidate(calibration, hit.subjectId, hit.faceId, hit.vector, vector))
        .sort(nearestFirst);
      return {
        decision: decide(candidates, threshold),
        candidates,
        threshold,
        comparisons: found.compared,
        face,
      };
    });
  }

  async compare(a: Probe, b: Probe, options: VerifyOptions = {}): Promise<Comparison> {
    plainOptions("options", options, ["fmr", "maxDistance", "signal"]);
    const { calibration } = this.engine;
    refuseBothThresholds(options);
    const threshold = thresholdOf(calibration, options, 1);
    return this.#operations.run(optionalSignal("signal", options.signal), async (signal) => {
      const first = await largestFaceOf(this.engine, a, signal);
      const second = await largestFaceOf(this.engine, b, signal);
      const distance = this.engine.compare(first.template, second.template);
      return {
        decision: { kind: distance <= threshold ? "match" : "no-match" },
        distance,
        fmr: fmrAt(calibration, distance),
        threshold,
        faces: [first.face, second.face],
      };
    });
  }

  async close(): Promise<void> {
    await this.#operations.close();
    for (const resource of this.#opened) await resource.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function candidate(
  calibration: Calibration,
  subjectId: string,
  faceId: string,
  known: Float32Array,
  probe: Float32Array,
): Candidate {
  const distance = euclidean(probe, known);
  return { subjectId, faceId, distance, fmr: fmrAt(calibration, distance) };
}

/** Ties go by id, so that every store gives the same answer. */
function nearestFirst(a: Candidate, b: Candidate): number {
  if (a.distance !== b.distance) return a.distance - b.distance;
  return a.faceId < b.faceId ? -1 : 1;
}

function idList(name: string, value: unknown, max: number): readonly string[] {
  if (!Array.isArray(value)) throw invalidArgument(name, "an array of ids", value);
  integerIn(`${name}.length`, value.length, 0, max);
  return Array.from(value, (item: unknown) => id(name, item));
}

function bothGiven(a: string, b: string): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_INVALID_ARGUMENT",
    `${a}, ${b}: expected one of them, got both`,
  );
}

function refuseBothThresholds({ fmr, maxDistance }: VerifyOptions): void {
  if (fmr !== undefined && maxDistance !== undefined) {
    throw bothGiven("fmr", "maxDistance");
  }
}

function thresholdOf(
  calibration: Calibration,
  { fmr, maxDistance }: Pick<VerifyOptions, "fmr" | "maxDistance">,
  comparisons: number,
): number {
  if (fmr !== undefined) {
    // 1e-9: far below what any table reaches; 0.5: a coin does as well.
    return distanceAt(calibration, fmrOfComparison(numberIn("fmr", fmr, 1e-9, 0.5), comparisons));
  }
  return numberIn("maxDistance", maxDistance ?? DEFAULT_MAX_DISTANCE, 0, 2);
}
