import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { types } from "node:util";

import sharp, { type Metadata, type Sharp } from "sharp";

import { CountenanceError } from "./errors.js";
import { Admission, throwIfAborted } from "./internal/admission.js";
import { parseDataUri } from "./internal/data-uri.js";
import { imageFormat, type ImageFormat } from "./internal/image-format.js";
import { readImageFile, tooManyBytes } from "./internal/read-file.js";
import { integerIn, invalidArgument, isPlainObject, plainOptions } from "./internal/validate.js";

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
 */
export type ImageInput = { readonly path: string } | URL | string | Uint8Array | RawImage;

/** RGB8 in sRGB, upright, rows packed: width x height x 3 bytes that nobody else holds. */
export interface DecodedImage {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface ImageDecoderOptions {
  /** Encoded bytes of one picture. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Width x height of one picture, by its header. Default 50 million. */
  readonly maxPixels?: number;
  /** Calls under way or waiting; one more is COUNTENANCE_BUSY. Default 1,024. */
  readonly queueLimit?: number;
  /** Encoded or raw bytes that those calls may hold; more is COUNTENANCE_BUSY. Default 256 MiB. */
  readonly maxPendingBytes?: number;
  /** Decoded pictures alive at once: those in decoding and those in use. Default 4. */
  readonly maxPictures?: number;
  /** Bytes of their pixels; one picture alone may have more. Default 512 MiB. */
  readonly maxPictureBytes?: number;
}

export interface ImageDecoder {
  /**
   * Decodes a picture and lends it to `use`; its memory is counted until `use` has ended. Do not
   * call `decode` inside `use`: that would hold one picture while it waits for another.
   *
   * JPEG, PNG, WebP, AVIF, TIFF (first page) and GIF (first frame); the EXIF orientation is applied;
   * CMYK, 16-bit, greyscale and ICC profiles become sRGB. Transparency is laid on mid grey: colours
   * hidden under it must not make a face that no person sees. The caller's bytes are copied before
   * `decode` returns its promise. A decode that has begun ends before an abort is noticed.
   *
   * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`, `COUNTENANCE_UNSUPPORTED` (http URLs),
   *   `COUNTENANCE_IMAGE_UNREADABLE`, `COUNTENANCE_IMAGE_TOO_LARGE`, `COUNTENANCE_BUSY`,
   *   `COUNTENANCE_ABORTED`.
   */
  decode<T>(
    input: ImageInput,
    signal: AbortSignal | undefined,
    use: (image: DecodedImage) => Promise<T>,
  ): Promise<T>;
  /** What is under way now; all zero when idle. */
  readonly load: Admission["load"];
}

const MIB = 1024 * 1024;
/** A picture has at most this side; sharp's own limit is lower for most formats. */
const MAX_SIDE = 2 ** 31 - 1;
const MID_GREY = { r: 128, g: 128, b: 128 };

export function createImageDecoder(options: ImageDecoderOptions = {}): ImageDecoder {
  const option = (name: keyof ImageDecoderOptions, fallback: number) =>
    integerIn(name, options[name] ?? fallback, 1, Number.MAX_SAFE_INTEGER);
  const maxBytes = option("maxBytes", 32 * MIB);
  const maxPixels = option("maxPixels", 50_000_000);
  const admission = new Admission({
    queueLimit: option("queueLimit", 1024),
    maxPendingBytes: option("maxPendingBytes", 256 * MIB),
    // sharp decodes on libuv's four threads, which serve the host's files and DNS too.
    maxDecodes: Math.min(2, availableParallelism()),
    maxPictures: option("maxPictures", 4),
    maxPictureBytes: option("maxPictureBytes", 512 * MIB),
  });
  return {
    get load() {
      return admission.load;
    },
    async decode(input, signal, use) {
      const source = sourceOf(input, maxBytes, maxPixels);
      return admission.run(source.pendingBytes, signal, async (permit) => {
        const open = source.take();
        const image = await permit.decode(async (reserve) => {
          const { pipeline, width, height } = await open();
          throwIfAborted(signal);
          await reserve(width * height * 3);
          return toPixels(pipeline);
        });
        throwIfAborted(signal);
        return use(image);
      });
    },
  };
}

/** A picture whose header is read. */
interface Opened {
  readonly pipeline: Sharp;
  readonly width: number;
  readonly height: number;
}

interface Source {
  /** What `take` will hold: counted before it is called. */
  readonly pendingBytes: number;
  /** Copies the caller's bytes. What it returns is called in a decode slot. */
  take(): () => Promise<Opened>;
}

function sourceOf(input: unknown, maxBytes: number, maxPixels: number): Source {
  if (types.isUint8Array(input)) {
    return encodedSource(input.length, () => new Uint8Array(input), maxBytes, maxPixels);
  }
  if (typeof input === "string") return dataUriSource(input, maxBytes, maxPixels);
  if (input instanceof URL) return urlSource(input, maxBytes, maxPixels);
  if (isPlainObject(input)) {
    return "path" in input
      ? fileSource(pathOf(input), maxBytes, maxPixels)
      : rawSource(input, maxPixels);
  }
  throw invalidArgument(
    "image",
    "a { path }, a URL, a data: URI, a Uint8Array or raw pixels",
    input,
  );
}

function encodedSource(
  size: number,
  copy: () => Uint8Array,
  maxBytes: number,
  maxPixels: number,
): Source {
  if (size > maxBytes) throw tooManyBytes(maxBytes, size);
  return {
    pendingBytes: size,
    take: () => {
      const bytes = copy();
      const format = imageFormat(bytes);
      return () => openEncoded(bytes, format, maxPixels);
    },
  };
}

function dataUriSource(text: string, maxBytes: number, maxPixels: number): Source {
  const uri = parseDataUri(text);
  if (uri === undefined) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "image: expected a data: URI, got another string; a file is { path }",
    );
  }
  return encodedSource(uri.maxSize, uri.decode, maxBytes, maxPixels);
}

function urlSource(url: URL, maxBytes: number, maxPixels: number): Source {
  if (url.protocol === "data:") return dataUriSource(url.href, maxBytes, maxPixels);
  if (url.protocol !== "file:") {
    throw new CountenanceError(
      "COUNTENANCE_UNSUPPORTED",
      "image: expected a file: or data: URL, got another; fetch it first and pass its bytes",
    );
  }
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch (cause) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "image: expected a file: URL of a local absolute path, got another",
      { cause },
    );
  }
  return fileSource(path, maxBytes, maxPixels);
}

/** The file is read in the decode slot: however many calls wait, they hold names only. */
function fileSource(path: string, maxBytes: number, maxPixels: number): Source {
  return {
    pendingBytes: 0,
    take: () => async () => {
      const bytes = await readImageFile(path, maxBytes);
      return openEncoded(bytes, imageFormat(bytes), maxPixels);
    },
  };
}

function pathOf(input: unknown): string {
  const { path } = plainOptions("image", input, ["path"]);
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw invalidArgument("image.path", "a non-empty path without NUL", path);
  }
  return path;
}

function rawSource(input: unknown, maxPixels: number): Source {
  const raw = plainOptions("image", input, ["data", "width", "height", "channels"]);
  const data = raw.data;
  if (!types.isUint8Array(data) && !types.isUint8ClampedArray(data)) {
    throw invalidArgument("image.data", "a Uint8Array of pixels", data);
  }
  const width = integerIn("image.width", raw.width, 1, MAX_SIDE);
  const height = integerIn("image.height", raw.height, 1, MAX_SIDE);
  const channels = raw.channels;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw invalidArgument("image.channels", "1, 3 or 4", channels);
  }
  checkPixels(width, height, maxPixels);
  const size = width * height * channels;
  if (data.length !== size) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      `image.data: expected ${String(size)} bytes (width x height x channels), got ${String(data.length)}`,
    );
  }
  return {
    pendingBytes: size,
    take: () => {
      const pixels = new Uint8Array(data);
      const pipeline = sharp(pixels, {
        raw: { width, height, channels },
        limitInputPixels: maxPixels,
      });
      return () => Promise.resolve({ pipeline, width, height });
    },
  };
}

/** Reads the header only. */
async function openEncoded(
  bytes: Uint8Array,
  format: ImageFormat,
  maxPixels: number,
): Promise<Opened> {
  let header: Metadata;
  try {
    header = await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (cause) {
    throw damaged(format, cause);
  }
  if (header.format === "heif" && header.compression !== "av1") {
    throw new CountenanceError(
      "COUNTENANCE_IMAGE_UNREADABLE",
      "image: expected AVIF, got HEIC/HEIF (send JPEG instead)",
    );
  }
  const { width, height } = header;
  checkPixels(width, height, maxPixels);
  const pipeline = sharp(bytes, {
    autoOrient: true,
    // "error" refuses truncated data; "warning" would refuse stray bytes that cameras do write.
    failOn: "error",
    limitInputPixels: maxPixels,
  });
  return { pipeline, width, height };
}

async function toPixels(pipeline: Sharp): Promise<DecodedImage> {
  try {
    const { data, info } = await pipeline
      .flatten({ background: MID_GREY })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels === 3) return { pixels: data, width: info.width, height: info.height };
  } catch (cause) {
    throw damaged("pixels", cause);
  }
  throw new CountenanceError("COUNTENANCE_INTERNAL", "image: expected RGB from the decoder");
}

function checkPixels(width: number, height: number, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw new CountenanceError(
    "COUNTENANCE_IMAGE_TOO_LARGE",
    `image: expected at most ${String(maxPixels)} pixels, got ${String(width)} x ${String(height)}`,
  );
}

function damaged(what: string, cause: unknown): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_IMAGE_UNREADABLE",
    `image: expected readable ${what}, got damaged or truncated data`,
    { cause },
  );
}
