import type { Calibration } from "./calibration.js";
import { ALIGNMENT_NAMES, readEngineModels } from "./engine-models.js";
import { type Detector, type EngineOptions, engineOptionsOf } from "./engine-options.js";
import { SpoofCheck, type SpoofScores } from "./engine-passive.js";
import { type EyeTracking, trackEyes, type TrackEyesOptions } from "./engine-track.js";
import { CountenanceError } from "./errors.js";
import type { Face } from "./face.js";
import { createImageDecoder, type ImageInput, NEED_WHOLE } from "./image.js";
import { native, type NativeAnalysis, type NativeEngine } from "./internal/native.js";
import { Operations } from "./internal/operations.js";
import { settle } from "./internal/task.js";
import { integerIn, optionalBoolean, optionalSignal, plainOptions } from "./internal/validate.js";
import type { VideoFrame } from "./liveness/video.js";
import { calibrationFor, modelIdOf, type ModelEntry } from "./models.js";
import { distance, Template, TEMPLATE_DIMENSION } from "./template.js";

export interface AnalyzeOptions {
  /** Whether faces carry a `template`. Default true. */
  readonly embed?: boolean | undefined;
  /** At most this many faces, the largest ones, 1..1000. Default 100. */
  readonly maxFaces?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Below this many pixels of a shrunk picture per pixel of the face chip, the whole picture is
 * decoded and analysed. Templates of copies are 0.03 (median of 174 faces) from those of the whole
 * picture above it, however many more pixels there are, and 0.06, 0.08, 0.12 at 0.9, 0.8, 0.6.
 */
const MIN_CHIP_SCALE = 1;

/**
 * The longer side of a shrunk picture, at least. Copies of 300 pixels still show every face that the
 * whole of 92 photos shows; in one of 800, a face of an eighth of it fills its chip.
 */
const SHRINK_TO = 800;

/** Finds faces and turns them into templates, off the main thread. */
export interface Engine {
  /** The network and its weights, as templates carry them. */
  readonly modelId: string;
  /** Alignment and precision, as templates carry them. */
  readonly pipeline: string;
  readonly detector: Detector;
  readonly dimension: number;
  readonly calibration: Calibration;
  readonly threads: number;

  /**
   * Finds the faces of one picture, largest first; `[]` when there is none.
   * @throws {CountenanceError} `IMAGE_UNREADABLE`, `IMAGE_TOO_LARGE`, `UNSUPPORTED` (http URLs),
   * `INVALID_ARGUMENT`, `BUSY`, `ABORTED`, `ENGINE_CLOSED`.
   */
  analyze(image: ImageInput, options?: AnalyzeOptions): Promise<readonly Face[]>;

  /**
   * The template of the one face in a picture.
   * @throws {CountenanceError} `NO_FACE`, `MULTIPLE_FACES`, and what `analyze` throws.
   */
  embed(
    image: ImageInput,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<Template>;

  /**
   * Follows the largest face through the frames of a clip: where it is, where it looks, how open its
   * eyes are. Loop over the result; frames are asked for one ahead, and copied when they arrive.
   * @param frames  Upright raw pixels, in the order of their timestamps (milliseconds, 0 or more).
   * @throws {CountenanceError} `INVALID_ARGUMENT`; in the loop also `IMAGE_TOO_LARGE`, `BUSY`,
   * `ABORTED`, `ENGINE_CLOSED`, and what `frames` throws.
   */
  trackEyes(frames: AsyncIterable<VideoFrame>, options?: TrackEyesOptions): EyeTracking;

  /**
   * Asks MiniFASNet whether the largest face of a picture is before the camera, or on paper or on a
   * screen. `countenance.liveness.passive` makes a decision of it.
   * @throws {CountenanceError} `MODEL_MISSING` until both of its networks were added (`countenance
   * models add`), `MODEL_CORRUPT`, and what `analyze` throws.
   */
  spoofScores(
    image: ImageInput,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<SpoofScores>;

  /**
   * The Euclidean distance of two templates.
   * @throws {CountenanceError} `MODEL_MISMATCH` when they come from different models or pipelines.
   */
  compare(a: Template, b: Template): number;

  /** Aborts what is under way, waits for its end, frees the models. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Loads the models and starts the worker threads.
 * @throws {CountenanceError} `MODEL_MISSING`, `MODEL_CORRUPT`, `NATIVE_UNAVAILABLE`,
 * `INVALID_ARGUMENT`, `UNSUPPORTED` (a precision that this CPU lacks), `ABORTED`.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const given = engineOptionsOf(options);
  const { detector, alignment, precision, threads, queueLimit } = given;
  const decoder = createImageDecoder({
    queueLimit,
    maxBytes: given.maxImageBytes,
    maxPixels: given.maxImagePixels,
    threads,
    // Whoever asks for dlib's detector or alignment wants dlib's results: of all pixels.
    shrinkTo: detector === "hog" || alignment === "dlib" ? undefined : SHRINK_TO,
  });
  const { embedder, files } = await readEngineModels(given.folder, { detector, alignment });
  const loaded = await settle(
    () => native().createEngine({ ...files, detector, alignment, precision, threads, queueLimit }),
    given.signal,
  );
  const pipeline = `${ALIGNMENT_NAMES[alignment]}/${loaded.precision}`;
  const calibration = calibrationFor(embedder, pipeline);
  if (calibration === undefined) {
    loaded.close();
    throw new CountenanceError(
      "COUNTENANCE_MODEL_CORRUPT",
      `manifest.json: ${embedder.id}: expected a calibration for ${pipeline}`,
    );
  }
  return new NativeBackedEngine(loaded, decoder, embedder, given.folder, {
    modelId: modelIdOf(embedder),
    pipeline,
    detector,
    calibration,
    threads,
  });
}

type Decoder = ReturnType<typeof createImageDecoder>;

class NativeBackedEngine implements Engine {
  readonly modelId: string;
  readonly pipeline: string;
  readonly detector: Detector;
  readonly dimension = TEMPLATE_DIMENSION;
  readonly calibration: Calibration;
  readonly threads: number;
  readonly #native: NativeEngine; // joined by close()
  readonly #decoder: Decoder;
  readonly #embedder: ModelEntry;
  readonly #spoofCheck: SpoofCheck;
  readonly #operations = new Operations(
    () => new CountenanceError("COUNTENANCE_ENGINE_CLOSED", "the engine is closed"),
  );

  constructor(
    engine: NativeEngine,
    decoder: Decoder,
    embedder: ModelEntry,
    folder: string,
    facts: Pick<Engine, "modelId" | "pipeline" | "detector" | "calibration" | "threads">,
  ) {
    this.#native = engine;
    this.#decoder = decoder;
    this.#embedder = embedder;
    const operations = this.#operations;
    this.#spoofCheck = new SpoofCheck({ folder, native: engine, decoder, operations });
    this.modelId = facts.modelId;
    this.pipeline = facts.pipeline;
    this.detector = facts.detector;
    this.calibration = facts.calibration;
    this.threads = facts.threads;
  }

  async analyze(image: ImageInput, options: AnalyzeOptions = {}): Promise<readonly Face[]> {
    const given = plainOptions("options", options, ["embed", "maxFaces", "signal"]);
    const embed = optionalBoolean("embed", given.embed) ?? true;
    const maxFaces =
      given.maxFaces === undefined ? 100 : integerIn("maxFaces", given.maxFaces, 1, 1000);
    return this.#operations.run(optionalSignal("signal", given.signal), (signal) =>
      this.#decoder.run(image, signal, async (picture) => {
        const { pixels, width, height, channels, whole } = picture;
        const analysis = await settle(
          () => this.#native.analyze(pixels, width, height, channels, maxFaces, embed),
          signal,
        );
        const isCopy = whole.width > width;
        // Without templates a copy does: its boxes differ by less than a pixel of the copy.
        if (isCopy && embed && analysis.chipScales.some((scale) => scale < MIN_CHIP_SCALE)) {
          return NEED_WHOLE;
        }
        return this.#toFaces(analysis, { x: whole.width / width, y: whole.height / height });
      }),
    );
  }

  async embed(
    image: ImageInput,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Template> {
    const given = plainOptions("options", options, ["signal"]);
    const signal = optionalSignal("signal", given.signal);
    return singleFace(await this.analyze(image, { signal, maxFaces: 2 })).template;
  }

  trackEyes(frames: AsyncIterable<VideoFrame>, options: TrackEyesOptions = {}): EyeTracking {
    const engine = {
      native: this.#native,
      decoder: this.#decoder,
      operations: this.#operations,
      templateOf: (vector: Float32Array) => this.#templateOf(vector),
    };
    return trackEyes(engine, frames, options);
  }

  async spoofScores(
    image: ImageInput,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<SpoofScores> {
    const given = plainOptions("options", options, ["signal"]);
    return this.#spoofCheck.run(image, optionalSignal("signal", given.signal));
  }

  compare(a: Template, b: Template): number {
    return distance(a, b, (first, second) => {
      const counted = calibrationFor(this.#embedder, first.pipeline, second.pipeline);
      const both = [first, second].every(({ modelId }) => modelId === this.modelId);
      return both && counted !== undefined;
    });
  }

  async close(): Promise<void> {
    await this.#operations.close();
    this.#native.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @param scale  Pixels of the whole picture per pixel of the copy that was analysed. */
  #toFaces(analysis: NativeAnalysis, scale: { x: number; y: number }): readonly Face[] {
    const { count, boxes, scores, landmarks, embeddings } = analysis;
    return Array.from({ length: count }, (_, i): Face => {
      const [x = 0, y = 0, width = 0, height = 0] = boxes.subarray(i * 4, i * 4 + 4);
      const points = landmarks.subarray(i * 10, i * 10 + 10);
      const face = {
        box: {
          x: x * scale.x,
          y: y * scale.y,
          width: width * scale.x,
          height: height * scale.y,
        },
        score: scores[i] ?? 0,
        landmarks: Array.from({ length: 5 }, (_point, p) => ({
          x: (points[p * 2] ?? 0) * scale.x,
          y: (points[p * 2 + 1] ?? 0) * scale.y,
        })),
      };
      if (embeddings.length === 0) return face;
      const vector = embeddings.subarray(i * TEMPLATE_DIMENSION, (i + 1) * TEMPLATE_DIMENSION);
      return { ...face, template: this.#templateOf(vector) };
    });
  }

  #templateOf(vector: Float32Array): Template {
    return new Template({ modelId: this.modelId, pipeline: this.pipeline, vector });
  }
}

/** A face that was analysed with `embed`. */
export type EmbeddedFace = Face & { readonly template: Template };

/**
 * The one face of a picture.
 * @throws {CountenanceError} `NO_FACE`, `MULTIPLE_FACES`.
 */
export function singleFace(faces: readonly Face[]): EmbeddedFace {
  const [face, second] = faces;
  if (second !== undefined) {
    throw new CountenanceError(
      "COUNTENANCE_MULTIPLE_FACES",
      "expected a picture with exactly one face, got several",
    );
  }
  return embedded(face);
}

/**
 * The largest face of a picture.
 * @throws {CountenanceError} `NO_FACE`.
 */
export function largestFace(faces: readonly Face[]): EmbeddedFace {
  return embedded(faces[0]);
}

function embedded(face: Face | undefined): EmbeddedFace {
  if (face === undefined) {
    throw new CountenanceError("COUNTENANCE_NO_FACE", "expected a picture with a face, found none");
  }
  const { template } = face;
  if (template === undefined) {
    throw new CountenanceError("COUNTENANCE_INTERNAL", "expected an embedding, got none");
  }
  return { ...face, template };
}
