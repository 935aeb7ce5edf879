import { CountenanceError } from "./errors.js";
import type { Point } from "./face.js";
import type { createImageDecoder, DecodedImage, RawImage } from "./image.js";
import { isGiven } from "./internal/given-picture.js";
import type { NativeEngine, NativeFaceTrack, NativeTrackedFace } from "./internal/native.js";
import type { Operations } from "./internal/operations.js";
import { throwIfAborted } from "./internal/slots.js";
import { settle } from "./internal/task.js";
import { unlessAborted } from "./internal/unless-aborted.js";
import {
  invalidArgument,
  isAsyncIterable,
  isPlainObject,
  numberIn,
  oneOf,
  optionalSignal,
  plainOptions,
} from "./internal/validate.js";
import { frameFields } from "./liveness/frame-fields.js";
import type { TrackedFace, TrackedFrame } from "./liveness/tracked-frame.js";
import type { VideoFrame } from "./liveness/video.js";
import type { Template } from "./template.js";

export const CONTOURS = ["iris", "mesh"] as const;

export interface TrackEyesOptions {
  /**
   * What the eyes' openness is measured on: the lids that the iris network draws (default, the
   * steadiest and deepest), or FaceMesh's, for comparison.
   */
  readonly contour?: (typeof CONTOURS)[number] | undefined;
  /**
   * The face gets a template where it is found anew, and then every so many milliseconds; `Infinity`
   * for the first only. Default: no templates.
   */
  readonly embedEveryMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The best frame of a clip: open eyes, one face, whole and seen from the front, sharp. */
export interface BestFrame {
  readonly timestampMs: number;
  /** The whole frame, grey if the clip is, else RGB. */
  readonly image: RawImage;
  readonly face: TrackedFace;
  readonly template: Template;
}

/**
 * One clip's frames, each with the face that is followed; for one loop. Leaving it ends the caller's
 * frames too, and waits for their end unless a frame is still awaited.
 */
export interface EyeTracking extends AsyncIterable<TrackedFrame> {
  /**
   * The best frame so far with open eyes, one face, frontal and sharp; its template. Undefined when
   * no frame had one.
   * @throws {CountenanceError} `BUSY`, `ABORTED`, `ENGINE_CLOSED`.
   */
  best(): Promise<BestFrame | undefined>;
}

/** What a tracking has from its engine. */
export interface TrackingEngine {
  readonly native: NativeEngine;
  readonly decoder: ReturnType<typeof createImageDecoder>;
  readonly operations: Operations;
  templateOf(vector: Float32Array): Template;
}

type LentPicture = Omit<DecodedImage, "whole">;

/** @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function trackEyes(
  engine: TrackingEngine,
  frames: AsyncIterable<VideoFrame>,
  options: TrackEyesOptions,
): EyeTracking {
  const given = plainOptions("options", options, ["contour", "embedEveryMs", "signal"]);
  if (!isAsyncIterable(frames)) {
    throw invalidArgument("frames", "an AsyncIterable of frames", frames);
  }
  return new FaceTracking(engine, frames, {
    contour: given.contour === undefined ? "iris" : oneOf("contour", given.contour, CONTOURS),
    embedEveryMs:
      given.embedEveryMs === undefined
        ? undefined
        : numberIn("embedEveryMs", given.embedEveryMs, 1, Infinity),
    signal: optionalSignal("signal", given.signal),
  });
}

class FaceTracking implements EyeTracking {
  readonly #engine: TrackingEngine;
  readonly #frames: AsyncIterable<VideoFrame>;
  readonly #options: TrackEyesOptions;
  #track: NativeFaceTrack | undefined;
  #underWay: Promise<void> | undefined; // a native track does one thing at a time
  #begun = false;

  constructor(
    engine: TrackingEngine,
    frames: AsyncIterable<VideoFrame>,
    options: TrackEyesOptions,
  ) {
    this.#engine = engine;
    this.#frames = frames;
    this.#options = options;
  }

  async best(): Promise<BestFrame | undefined> {
    return this.#engine.operations.run(this.#options.signal, async (signal) => {
      const best = await this.#alone(async () => {
        throwIfAborted(signal);
        const track = this.#track;
        return track === undefined ? undefined : settle(() => track.best(), signal);
      });
      if (best === undefined) return undefined;
      const { timestampMs, pixels, width, height, channels, face, embedding } = best;
      return {
        timestampMs,
        image: { data: pixels, width, height, channels },
        face: this.#faceOf(face),
        template: this.#engine.templateOf(embedding),
      };
    });
  }

  [Symbol.asyncIterator](): AsyncGenerator<TrackedFrame, void, undefined> {
    if (this.#begun) {
      throw new CountenanceError(
        "COUNTENANCE_INVALID_ARGUMENT",
        "tracking: expected one loop over the frames, got another",
      );
    }
    this.#begun = true;
    return this.#run();
  }

  async *#run(): AsyncGenerator<TrackedFrame, void, undefined> {
    const source = new Source(this.#frames);
    let left = true;
    try {
      for (;;) {
        const frame = await this.#engine.operations.run(this.#options.signal, (signal) =>
          this.#step(source, signal),
        );
        if (frame === undefined) break;
        yield frame;
      }
      left = false;
    } catch (error) {
      left = false;
      source.abandon();
      throw error;
    } finally {
      if (left) await source.end();
    }
  }

  async #step(source: Source, signal: AbortSignal): Promise<TrackedFrame | undefined> {
    const { native } = this.#engine;
    const { contour = "iris", embedEveryMs } = this.#options;
    const track = (this.#track ??= native.track(contour, embedEveryMs));
    const frame = await source.next(signal);
    if (frame === undefined) return undefined;
    const { image, timestampMs } = frame;
    const { face, facesSeen } = await this.#alone(() => {
      const step = this.#lent(image, signal, ({ pixels, width, height, channels }) =>
        settle(() => track.step(pixels, width, height, channels, timestampMs), signal),
      );
      source.prefetch(); // while the threads work on this one
      return step;
    });
    return { timestampMs, face: face && this.#faceOf(face), facesSeen };
  }

  /** A copy of the picture, checked, unless it is nobody's. */
  #lent<T>(
    image: RawImage,
    signal: AbortSignal,
    use: (picture: LentPicture) => Promise<T>,
  ): Promise<T> {
    const { data, width, height, channels } = image;
    return isGiven(image) && data instanceof Uint8Array && channels !== 4
      ? use({ pixels: data, width, height, channels })
      : this.#engine.decoder.run(image, signal, use);
  }

  async #alone<T>(start: () => Promise<T>): Promise<T> {
    while (this.#underWay !== undefined) await this.#underWay;
    const work = start();
    this.#underWay = work.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await work;
    } finally {
      this.#underWay = undefined;
    }
  }

  #faceOf({ numbers, followed, embedding }: NativeTrackedFace): TrackedFace {
    const at = (i: number) => numbers[i] ?? NaN;
    return {
      box: { x: at(0), y: at(1), width: at(2), height: at(3) },
      score: at(4),
      landmarks: Array.from({ length: 5 }, (_, i): Point => ({
        x: at(5 + 2 * i),
        y: at(6 + 2 * i),
      })),
      followed,
      pose: { yaw: at(15), pitch: at(16), roll: at(17) },
      eyes: { left: at(18), right: at(19) },
      eyeGapPx: at(20),
      sharpness: at(21),
      light: at(22),
      template: embedding.length === 0 ? undefined : this.#engine.templateOf(embedding),
    };
  }
}

/** The caller's frames: checked, and asked for one ahead. */
class Source {
  readonly #frames: AsyncIterable<VideoFrame>;
  #iterator: AsyncIterator<VideoFrame> | undefined;
  #arriving: Promise<IteratorResult<VideoFrame>> | undefined;
  #isAwaited = false;
  #lastMs = -Infinity;

  constructor(frames: AsyncIterable<VideoFrame>) {
    this.#frames = frames;
  }

  async next(signal: AbortSignal): Promise<VideoFrame | undefined> {
    const arriving = this.#arriving ?? this.#next();
    this.#arriving = undefined;
    const arrived = await unlessAborted(arriving, signal);
    if (arrived.done === true) return undefined;
    const { image, timestampMs } = frameFields(arrived.value, this.#lastMs);
    if (!isPlainObject(image) || !("data" in image)) {
      throw invalidArgument("frame.image", "raw pixels", image);
    }
    this.#lastMs = timestampMs;
    // The decoder checks what else raw pixels have to be.
    return { image: image as unknown as RawImage, timestampMs };
  }

  prefetch(): void {
    this.#arriving = this.#next();
    this.#arriving.catch(() => undefined); // it is told in its turn
  }

  /** Waits for the end, but not behind a frame that is still awaited: it may be what hangs. */
  async end(): Promise<void> {
    if (this.#isAwaited) this.abandon();
    else await this.#return();
  }

  abandon(): void {
    this.#return().catch(() => undefined);
  }

  async #return(): Promise<void> {
    await this.#iterator?.return?.();
  }

  async #next(): Promise<IteratorResult<VideoFrame>> {
    this.#iterator ??= this.#frames[Symbol.asyncIterator]();
    this.#isAwaited = true;
    try {
      return await this.#iterator.next();
    } finally {
      this.#isAwaited = false;
    }
  }
}
