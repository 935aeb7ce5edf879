import { availableParallelism } from "node:os";

import { CountenanceError } from "./errors.js";
import { Admission } from "./internal/admission.js";
import type { OpenedImage } from "./internal/decode.js";
import { imageSource } from "./internal/image-source.js";
import { Slots, throwIfAborted } from "./internal/slots.js";
import { integerIn } from "./internal/validate.js";

/** Pixels, rows packed without padding: grey, RGB or RGBA in sRGB, 8 bits per channel. */
export interface RawImage {
  /** width x height x channels bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/**
 * A picture: a file, a file: or data: URL, a data: URI, an encoded file's bytes, or raw pixels.
 *
 * A string is never a path. Do not pass on an object that a client sent: `{ path }` opens a file.
 * A data: URI is base64, or at most 65,536 characters long: percent-encoding is no way to send files.
 */
export type ImageInput = { readonly path: string } | URL | string | Uint8Array | RawImage;

/** 8-bit sRGB or grey, upright, rows packed: width x height x channels bytes that nobody else holds. */
export interface DecodedImage {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** The sides of the whole upright picture: more than `width` and `height` if this is a smaller copy. */
  readonly whole: { readonly width: number; readonly height: number };
}

/** What `use` answers to a smaller copy that has too few pixels: it gets the whole picture then. */
export const NEED_WHOLE = Symbol("need the whole picture");

export interface ImageDecoderOptions {
  /** Encoded bytes of one picture. Default 32 MiB. */
  readonly maxBytes?: number | undefined;
  /** Width x height of one picture, by its header. Default 50 million. */
  readonly maxPixels?: number | undefined;
  /** Calls under way or waiting; one more is COUNTENANCE_BUSY. Default 256. */
  readonly queueLimit?: number | undefined;
  /** Encoded or raw bytes that those calls may hold; more is COUNTENANCE_BUSY. Default 256 MiB. */
  readonly maxPendingBytes?: number | undefined;
  /** How many pictures are used at once; as many and two more are decoded. Default: the cores. */
  readonly threads?: number | undefined;
  /**
   * Pictures are shrunk while they are decoded, if that saves time, to no less than this on the
   * longer side. Default: never.
   */
  readonly shrinkTo?: number | undefined;
  /** Bytes of all decoded pixels; one picture alone may have more. Default 512 MiB. */
  readonly maxPictureBytes?: number | undefined;
}

export interface ImageDecoder {
  /**
   * Decodes a picture and lends it to `use`; its memory is counted until `use` has ended. Do not
   * call `run` inside `use`: that would hold one picture while it waits for another. A smaller copy
   * (`shrinkTo`) may be answered with `NEED_WHOLE`: `use` is called once more.
   *
   * JPEG, PNG, WebP, AVIF, TIFF (first page) and GIF (first frame); the EXIF orientation is applied;
   * CMYK, 16-bit and ICC profiles become sRGB; greyscale stays one channel. Transparency is laid on
   * mid grey: colours hidden under it must not make a face that no person sees. No side may be
   * longer than 65,535 pixels. The caller's bytes are copied before `run` returns its promise. A
   * decode that has begun ends before an abort is noticed.
   *
   * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`, `COUNTENANCE_UNSUPPORTED` (http URLs),
   *   `COUNTENANCE_IMAGE_UNREADABLE`, `COUNTENANCE_IMAGE_TOO_LARGE`, `COUNTENANCE_BUSY`,
   *   `COUNTENANCE_ABORTED`.
   */
  run<T>(
    input: ImageInput,
    signal: AbortSignal | undefined,
    use: (image: DecodedImage) => Promise<T | typeof NEED_WHOLE>,
  ): Promise<T>;
  /** What is under way now; all zero when idle. */
  readonly load: Admission["load"];
}

const MIB = 1024 * 1024;

/** libuv's, unless the environment says otherwise (libuv, "Thread pool work scheduling"). */
const DEFAULT_POOL_THREADS = 4;

/**
 * sharp decodes on libuv's threads, which serve the host's files and DNS too: two are left to them,
 * or one of three, where a host has not given the pool more for us.
 */
const MAX_DECODES = maxDecodes(process.env["UV_THREADPOOL_SIZE"], availableParallelism());

export function maxDecodes(poolThreads: string | undefined, cores: number): number {
  const threads = Number(poolThreads) || DEFAULT_POOL_THREADS;
  return Math.min(Math.max(threads - 2, 1), cores);
}

/** One for all engines: the threads are the process's, however many engines there are. */
const sharedDecodes = new Slots(MAX_DECODES);

/** @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT` for a limit that is no positive integer. */
export function createImageDecoder(options: ImageDecoderOptions = {}): ImageDecoder {
  const option = (name: keyof ImageDecoderOptions, fallback: number) =>
    integerIn(name, options[name] ?? fallback, 1, Number.MAX_SAFE_INTEGER);
  const maxBytes = option("maxBytes", 32 * MIB);
  const maxPixels = option("maxPixels", 50_000_000);
  const shrinkTo = option("shrinkTo", Number.MAX_SAFE_INTEGER);
  const admission = new Admission(
    {
      queueLimit: option("queueLimit", 256),
      maxPendingBytes: option("maxPendingBytes", 256 * MIB),
      maxDecodes: MAX_DECODES,
      maxPictures: MAX_DECODES + option("threads", availableParallelism()),
      maxPictureBytes: option("maxPictureBytes", 512 * MIB),
    },
    sharedDecodes,
  );
  return {
    get load() {
      return admission.load;
    },
    // All engines of a process share MAX_DECODES (worker threads count apart).
    async run(input, signal, use) {
      const source = imageSource(input, { maxBytes, maxPixels });
      return admission.run(source.pendingBytes, signal, async (permit) => {
        const open = source.take();
        let opened: OpenedImage | undefined;
        const lend = async (smallest: number) => {
          const image = await permit.decode(async (reserve) => {
            opened ??= await open();
            throwIfAborted(signal);
            const divisor = divisorFor(opened, smallest);
            const { width, height, channels, decode } = opened;
            await reserve(Math.ceil((width * height) / divisor ** 2) * channels);
            const copy = await decode(divisor);
            return { ...copy, whole: divisor === 1 ? copy : upright(opened, copy) };
          });
          throwIfAborted(signal);
          return use(image);
        };
        const result = await lend(shrinkTo);
        if (result !== NEED_WHOLE) return result;
        const again = await lend(Number.MAX_SAFE_INTEGER);
        if (again !== NEED_WHOLE) return again;
        throw new CountenanceError("COUNTENANCE_INTERNAL", "image: all of its pixels were too few");
      });
    },
  };
}

/** The largest divisor that leaves `smallest` pixels on the longer side; 1 if none does. */
function divisorFor({ width, height, divisors }: OpenedImage, smallest: number): number {
  const side = Math.max(width, height);
  return Math.max(1, ...divisors.filter((divisor) => Math.floor(side / divisor) >= smallest));
}

/** The sides of the header in the order of a decoded copy: EXIF may have turned it. */
function upright(
  { width, height }: OpenedImage,
  copy: { readonly width: number; readonly height: number },
): DecodedImage["whole"] {
  const asHeader = Math.abs(width * copy.height - height * copy.width);
  const turned = Math.abs(height * copy.height - width * copy.width);
  return turned < asHeader ? { width: height, height: width } : { width, height };
}
