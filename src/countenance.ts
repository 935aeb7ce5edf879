import { randomUUID } from "node:crypto";

import { createEngine, type Engine } from "./engine.js";
import { CountenanceError } from "./errors.js";
import { createGalleries, DEFAULT_GALLERY, type Galleries } from "./galleries.js";
import {
  type CheckVideo,
  type GivenVideoOptions,
  intakeOf,
  refuseVideoOptions,
  videoOf,
  type VideoProbe,
} from "./intake.js";
import { Operations } from "./internal/operations.js";
import { blinkRules, checkBlink } from "./liveness/blink-check.js";
import { type ChallengeSetup, challengeSetupOf } from "./liveness/challenge-options.js";
import { createLiveness, type Liveness } from "./liveness/liveness.js";
import { type VideoOptions, videoOptionsOf } from "./liveness/video.js";
import {
  id,
  invalidArgument,
  optionalSignal,
  plainCopy,
  plainOptions,
} from "./internal/validate.js";
import {
  type Comparison,
  compareProbes,
  idList,
  searchScopeOf,
  searchStore,
  thresholdOf,
  type SearchOptions,
  type SearchResult,
  type Verification,
  type VerifyOptions,
  verifySubject,
} from "./matching.js";
import { metadataCopy } from "./metadata.js";
import { comparable } from "./pipeline.js";
import type { Probe } from "./probe.js";
import { type RegisterOptions, registerSubject, type Registration } from "./registration.js";
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
import {
  verifyByVideo,
  type VerifyVideoOptions,
  type VideoVerification,
} from "./video-verification.js";

export interface OpenOptions {
  /** The SQLite file, created when it is new. Without `path` and `store`, faces live in memory. */
  readonly path?: string | undefined;
  /** A store of your own, instead of `path`. It stays open when countenance closes. */
  readonly store?: Store | undefined;
  /** An engine to share. It stays open when countenance closes. Default: an own one. */
  readonly engine?: Engine | undefined;
  /** How videos are decoded. */
  readonly video?: VideoOptions | undefined;
  /** How challenges are sealed, and claimed for their only verdict. */
  readonly challenge?: ChallengeSetup | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** People and their faces: register, verify, search. */
export interface Countenance {
  readonly engine: Engine;
  readonly subjects: Subjects;
  readonly galleries: Galleries;
  readonly liveness: Liveness;

  /**
   * Registers a person under an id, or under a new UUID when the id is `undefined`. All or nothing.
   * Each picture must show exactly one face, and all of one person. A video stands alone; it must
   * show a living person, and its best frame with open eyes is what is registered.
   * @throws {CountenanceError} `SUBJECT_EXISTS`, `NO_FACE`, `MULTIPLE_FACES`, `FACE_MISMATCH`,
   * `MODEL_MISMATCH` (templates), `IMAGE_UNREADABLE`, `IMAGE_TOO_LARGE`, `UNSUPPORTED`,
   * `INVALID_ARGUMENT`, `BUSY`, `ABORTED`, `STORE_CLOSED`; for a video `NOT_LIVE` (a
   * `NotLiveError`), and what `liveness.blink` throws.
   */
  register(
    subjectId: string | undefined,
    images: Probe | readonly Probe[] | VideoProbe,
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
   * The same by a video: a match means that it shows a living person too. The face that is compared
   * is the one that blinked.
   * @throws {CountenanceError} `SUBJECT_NOT_FOUND`, and what `liveness.blink` throws.
   */
  verify(
    subjectId: string,
    probe: VideoProbe,
    options?: VerifyVideoOptions,
  ): Promise<VideoVerification>;
  verify(
    subjectId: string,
    probe: Probe | VideoProbe,
    options?: VerifyVideoOptions,
  ): Promise<Verification | VideoVerification>;

  /**
   * Who is this? Of several faces the largest one is the probe.
   * @throws {CountenanceError} `GALLERY_NOT_FOUND`, `NO_FACE`, and what `register` throws for images;
   * `UNSUPPORTED` for a `filter` over a store without filters.
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
  const given = plainOptions("options", options, [
    "path",
    "store",
    "engine",
    "video",
    "challenge",
    "signal",
  ]);
  const signal = optionalSignal("signal", given.signal);
  const { path } = given;
  if (path !== undefined && typeof path !== "string") {
    throw invalidArgument("path", "the path of a file", path);
  }
  // What the caller's objects do cannot be checked, only that they can be called.
  const givenStore =
    given.store === undefined
      ? undefined
      : having("store", given.store as Store, ["prepare", "transaction", "getSubject", "search"]);
  const givenEngine =
    given.engine === undefined ? undefined : having("engine", given.engine as Engine, ["analyze"]);
  if (path !== undefined && givenStore !== undefined) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "path, store: expected one of them, got both",
    );
  }
  const video = checkedVideoOptions(given.video);
  const challenge = challengeSetupOf(given.challenge);
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
    if (!comparable(pinned, engine)) {
      throw new CountenanceError(
        "COUNTENANCE_MODEL_MISMATCH",
        `expected a store of ${modelId}, ${pipeline}, got one of ${pinned.modelId}, ${pinned.pipeline}: open it with an engine of its alignment and precision`,
      );
    }
    return new StoreBackedCountenance(engine, store, opened, video, challenge);
  } catch (error) {
    for (const resource of opened) await resource.close();
    throw error;
  }
}

class StoreBackedCountenance implements Countenance {
  readonly engine: Engine;
  readonly subjects: Subjects;
  readonly galleries: Galleries;
  readonly liveness: Liveness;
  readonly #video: VideoOptions;
  readonly #store: Store;
  /** What openCountenance opened, in the order in which it is closed: the store first. */
  readonly #opened: readonly { close(): Promise<void> }[];
  readonly #operations = new Operations(
    () => new CountenanceError("COUNTENANCE_STORE_CLOSED", "countenance is closed"),
  );

  constructor(
    engine: Engine,
    store: Store,
    opened: readonly { close(): Promise<void> }[],
    video: VideoOptions,
    challenge: ChallengeSetup,
  ) {
    this.engine = engine;
    this.#video = video;
    this.#store = store;
    this.#opened = opened;
    this.subjects = createSubjects(engine, store, this.#operations, (given) =>
      this.#videoCheck(given),
    );
    this.liveness = createLiveness(engine, video, challenge, this.#operations);
    this.galleries = createGalleries(store, this.#operations);
  }

  async register(
    subjectId: string | undefined,
    images: Probe | readonly Probe[] | VideoProbe,
    options: RegisterOptions = {},
  ): Promise<Registration> {
    const given = plainOptions("options", options, [
      "gallery",
      "galleries",
      "metadata",
      "ifExists",
      "maxDurationMs",
      "strict",
      "signal",
    ]);
    refuseVideoOptions(images, given);
    const galleries = new Set([
      ...(given.gallery === undefined ? [] : [id("gallery", given.gallery)]),
      ...(given.galleries === undefined ? [] : idList("galleries", given.galleries, 1000)),
    ]);
    galleries.delete(DEFAULT_GALLERY);
    const request = {
      subjectId: subjectId === undefined ? randomUUID() : id("subjectId", subjectId),
      read: intakeOf(this.engine, images, this.#videoCheck(given)),
      galleries: [...galleries],
      metadata: metadataCopy(given.metadata),
      ifExists: ifExistsOf(given.ifExists),
    };
    return this.#operations.run(optionalSignal("signal", given.signal), (signal) =>
      registerSubject(this.#store, request, signal),
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

  verify(subjectId: string, probe: Probe, options?: VerifyOptions): Promise<Verification>;
  verify(
    subjectId: string,
    probe: VideoProbe,
    options?: VerifyVideoOptions,
  ): Promise<VideoVerification>;
  verify(
    subjectId: string,
    probe: Probe | VideoProbe,
    options?: VerifyVideoOptions,
  ): Promise<Verification | VideoVerification>;
  async verify(
    subjectId: string,
    probe: Probe | VideoProbe,
    options: VerifyVideoOptions = {},
  ): Promise<Verification | VideoVerification> {
    const given = plainOptions("options", options, [
      "fmr",
      "maxDistance",
      "maxDurationMs",
      "strict",
      "signal",
    ]);
    const claim = { subjectId: id("subjectId", subjectId), threshold: thresholdOf(given) };
    const signal = optionalSignal("signal", given.signal);
    refuseVideoOptions(probe, given);
    const video = videoOf(probe);
    if (video === undefined) {
      const request = { ...claim, probe: probe as Probe }; // it is no video
      return this.#operations.run(signal, (inner) =>
        verifySubject(this.engine, this.#store, request, inner),
      );
    }
    const request = { ...claim, video, check: this.#videoCheck(given) };
    return this.#operations.run(signal, (inner) =>
      verifyByVideo(this.engine, this.#store, request, inner),
    );
  }

  async search(probe: Probe, options: SearchOptions = {}): Promise<SearchResult> {
    const given = plainOptions("options", options, [
      "gallery",
      "limit",
      "candidates",
      "filter",
      "maxDistance",
      "signal",
    ]);
    const request = { probe, scope: searchScopeOf(given), threshold: thresholdOf(given) };
    return this.#operations.run(optionalSignal("signal", given.signal), (signal) =>
      searchStore(this.engine, this.#store, request, signal),
    );
  }

  async compare(a: Probe, b: Probe, options: VerifyOptions = {}): Promise<Comparison> {
    const given = plainOptions("options", options, ["fmr", "maxDistance", "signal"]);
    const request = { probes: [a, b], threshold: thresholdOf(given) } as const;
    return this.#operations.run(optionalSignal("signal", given.signal), (signal) =>
      compareProbes(this.engine, request, signal),
    );
  }

  async close(): Promise<void> {
    await this.#operations.close();
    for (const resource of this.#opened) await resource.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #videoCheck(given: GivenVideoOptions): CheckVideo {
    const rules = blinkRules(this.#video, given);
    return (video, signal) => checkBlink(this.engine, video, rules, signal);
  }
}

function ifExistsOf(value: unknown): RegisterOptions["ifExists"] {
  if (value === undefined || value === "add" || value === "replace") return value;
  throw invalidArgument("ifExists", '"add" or "replace"', value);
}

/**
 * A copy, so that what the caller does to it later is not seen; the path of ffmpeg as it is meant now.
 * @throws {CountenanceError} `INVALID_ARGUMENT`.
 */
function checkedVideoOptions(value: unknown): VideoOptions {
  if (value === undefined) return {};
  const copy = plainCopy("video", value);
  return { ...copy, ffmpegPath: videoOptionsOf(copy).ffmpegPath };
}

/** An object of the caller's with the functions that we are going to call. */
function having<T>(name: string, value: T, functions: readonly (keyof T & string)[]): T {
  const usable =
    typeof value === "object" &&
    value !== null &&
    functions.every((key) => typeof value[key] === "function");
  if (!usable) throw invalidArgument(name, `an object with ${functions.join(", ")}`, value);
  return value;
}
