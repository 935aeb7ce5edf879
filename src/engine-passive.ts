import { type createImageDecoder, type ImageInput, NEED_WHOLE } from "./image.js";
import type { NativeEngine, NativePassiveCheck, NativePassiveScores } from "./internal/native.js";
import type { Operations } from "./internal/operations.js";
import { throwIfAborted } from "./internal/slots.js";
import { settle } from "./internal/task.js";
import { readAddedModel } from "./models.js";

/** What the anti-spoofing networks make of the largest face of a picture. */
export interface SpoofScores {
  /** How many faces there are: 0, 1, or 2 for more. With none, there is nothing else to know. */
  readonly faces: number;
  /** Pixels of the picture along a side of the face's box. */
  readonly faceSize: number;
  /** The share that MiniFASNet V2 and V1SE give to "live": 0..1, no probability. */
  readonly v2: number;
  readonly v1se: number;
  /**
   * How much of its surroundings the picture shows, in sizes of the face: the networks were trained
   * with 2.7 and 4, which is the most it can be. It is less where the picture ends before.
   */
  readonly surroundings: number;
  /** Mean difference between a pixel's largest and smallest channel: 0..255, 0 is grey. */
  readonly colour: number;
}

/** What the networks have from their engine. */
export interface PassiveEngine {
  readonly folder: string;
  readonly native: NativeEngine;
  readonly decoder: ReturnType<typeof createImageDecoder>;
  readonly operations: Operations;
}

/**
 * Pixels of a network's crop along a side, below which a shrunk copy of a picture does not do: what
 * the crop is averaged to anyway (kFine in native/vision/minifasnet.cpp).
 */
const WANTED_CROP = 320;

/** The anti-spoofing networks of one engine, read on first use: most engines never need them. */
export class SpoofCheck {
  readonly #engine: PassiveEngine;
  #loading: Promise<NativePassiveCheck> | undefined;

  constructor(engine: PassiveEngine) {
    this.#engine = engine;
  }

  /** @throws {CountenanceError} As `Engine.spoofScores` says. */
  run(image: ImageInput, outer: AbortSignal | undefined): Promise<SpoofScores> {
    const { decoder, operations } = this.#engine;
    return operations.run(outer, (signal) =>
      decoder.run(image, signal, async ({ pixels, width, height, channels, whole }) => {
        const check = await this.#load();
        throwIfAborted(signal);
        const scores = await settle(() => check.check(pixels, width, height, channels), signal);
        const { faces, v2, v1se, scale, colour } = scores;
        const isCopy = whole.width > width;
        if (isCopy && faces > 0 && scale * sizeOf(scores) < WANTED_CROP) return NEED_WHOLE;
        const faceSize = (sizeOf(scores) * whole.width) / width;
        return { faces, faceSize, v2, v1se, surroundings: scale, colour };
      }),
    );
  }

  /** One for all calls; it ends when the engine closes, and not when one of them is aborted. */
  #load(): Promise<NativePassiveCheck> {
    const { folder, native, operations } = this.#engine;
    this.#loading ??= operations
      .run(undefined, async (signal) => {
        const [v2, v1se] = await Promise.all([
          readAddedModel(folder, "minifasnet-v2"),
          readAddedModel(folder, "minifasnet-v1se"),
        ]);
        return settle(() => native.loadPassive(v2, v1se), signal);
      })
      .catch((error: unknown) => {
        this.#loading = undefined; // the models may be there next time
        throw error;
      });
    return this.#loading;
  }
}

function sizeOf({ faceWidth, faceHeight }: NativePassiveScores): number {
  return (faceWidth + faceHeight) / 2;
}
