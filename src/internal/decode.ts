import sharp, { type Sharp } from "sharp";

import { CountenanceError } from "../errors.js";
import { avifSizes } from "./avif-size.js";
import type { ImageFormat } from "./image-format.js";
import { type PictureHeader, pictureHeader } from "./picture-header.js";
import { lengthOf } from "./typed-array.js";

export interface Pixels {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** A picture whose size is known and within the limits, before its pixels are decoded. */
export interface OpenedImage {
  /** As the header says: EXIF may swap them. */
  readonly width: number;
  readonly height: number;
  /** Of the pixels that `decode` gives, at most. */
  readonly channels: 1 | 3;
  /** The numbers by which both sides can be divided in less time than the whole picture takes. */
  readonly divisors: readonly number[];
  /** @param divisor  1, or one of `divisors`. Nothing else is done to the picture for it. */
  readonly decode: (divisor: number) => Promise<Pixels>;
}

interface RawShape {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

/**
 * The longest side, in pixels: the most that a JPEG can state (16 bits); a WebP ends at 16,383. A
 * longer one is no photograph of a face.
 */
const MAX_SIDE = 65_535;

/**
 * JPEG and WebP can be decoded at a part of their size in less time. libjpeg divides by 2, 4 or 8 and
 * sharp resizes the rest, but it takes those only for a quotient of at least 3, 5 or 9 (pipeline.cc,
 * "known libjpeg rounding errors"): with 2, 4 and 8 themselves it would decode twice the sides.
 */
const DIVISORS: readonly number[] = [3, 5, 9];

/** What is seen through transparency: no edge against skin, hair or paper is as hard as on black. */
const MID_GREY = { r: 128, g: 128, b: 128 };

/**
 * Reads the header of an encoded picture.
 *
 * sharp's settings for the whole process (cache, concurrency, SIMD) are the host's: not touched.
 * @param bytes  Ours: unchanged until `decode` has ended.
 */
export async function openEncoded(
  bytes: Uint8Array,
  format: ImageFormat,
  maxPixels: number,
): Promise<OpenedImage> {
  for (const size of format === "AVIF" ? avifSizes(bytes) : []) {
    checkSize(size.width, size.height, maxPixels);
  }
  const { width, height, isGrey } =
    pictureHeader(bytes, format) ?? (await readHeader(bytes, format));
  checkSize(width, height, maxPixels);
  const decode = (divisor: number) => {
    const whole = sharp(bufferOf(bytes), {
      autoOrient: true,
      // "error" refuses truncated data; "warning" would refuse stray bytes that cameras do write.
      failOn: "error",
      // Whatever the decoder takes for the size: memory for no more than this is reserved.
      limitInputPixels: width * height,
    });
    const side = Math.floor(Math.max(width, height) / divisor);
    const pipeline =
      divisor === 1 ? whole : whole.resize(side, side, { fit: "inside", kernel: "linear" });
    return decoded(pipeline, isGrey ? "b-w" : "srgb", format);
  };
  const divisors = format === "JPEG" || format === "WebP" ? DIVISORS : [];
  return { width, height, channels: isGrey ? 1 : 3, divisors, decode };
}

/**
 * Checks raw pixels against their shape.
 * @returns `take` of an image source: it copies the pixels when it is called.
 */
export function openRaw(
  data: Uint8Array | Uint8ClampedArray,
  shape: RawShape,
  maxPixels: number,
): () => () => Promise<OpenedImage> {
  const { width, height, channels } = shape;
  checkSize(width, height, maxPixels);
  const size = width * height * channels;
  if (lengthOf(data) !== size) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      `image.data: expected ${String(size)} bytes (width x height x channels), got ${String(lengthOf(data))}`,
    );
  }
  return () => {
    const pixels = new Uint8Array(data);
    const decode = () =>
      channels === 4
        ? decoded(
            sharp(bufferOf(pixels), { raw: shape, limitInputPixels: maxPixels }),
            "srgb",
            "raw pixels",
          )
        : Promise.resolve({ pixels, width, height, channels });
    const given = channels === 4 ? 3 : channels;
    return () => Promise.resolve({ width, height, channels: given, divisors: [], decode });
  };
}

async function readHeader(bytes: Uint8Array, format: ImageFormat): Promise<PictureHeader> {
  try {
    // The limit is checked by us: sharp tells its own failures apart by their text only.
    const { width, height, channels } = await sharp(bufferOf(bytes), {
      limitInputPixels: false,
    }).metadata();
    return { width, height, isGrey: channels === 1 };
  } catch (cause) {
    throw damaged(format, cause);
  }
}

async function decoded(pipeline: Sharp, space: "b-w" | "srgb", what: string): Promise<Pixels> {
  try {
    const { data, info } = await pipeline
      .flatten({ background: MID_GREY })
      .toColourspace(space)
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels === 1 || channels === 3) return { pixels: data, width, height, channels };
  } catch (cause) {
    throw damaged(what, cause);
  }
  throw new CountenanceError(
    "COUNTENANCE_INTERNAL",
    "image: expected RGB or grey from the decoder",
  );
}

/**
 * The same memory as a Buffer, which Node has once for all realms: sharp would refuse the array of
 * another realm, with an error that quotes its bytes.
 */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkSize(width: number, height: number, maxPixels: number): void {
  if (width * height <= maxPixels && Math.max(width, height) <= MAX_SIDE) return;
  throw new CountenanceError(
    "COUNTENANCE_IMAGE_TOO_LARGE",
    `image: expected at most ${String(maxPixels)} pixels and sides of at most ${String(MAX_SIDE)}, got ${String(width)} x ${String(height)}`,
  );
}

function damaged(what: string, cause: unknown): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_IMAGE_UNREADABLE",
    `image: expected a whole picture (${what}), got a damaged or truncated one`,
    { cause },
  );
}
