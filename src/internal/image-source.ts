import { fileURLToPath } from "node:url";

import { CountenanceError } from "../errors.js";
import { parseDataUri } from "./data-uri.js";
import { openEncoded, openRaw, type OpenedImage } from "./decode.js";
import { imageFormat } from "./image-format.js";
import { readImageFile, tooManyBytes } from "./read-file.js";
import { isUint8Array, isUint8ClampedArray, lengthOf } from "./typed-array.js";
import { integerIn, invalidArgument, isPlainObject, plainCopy, plainOptions } from "./validate.js";

export interface ImageLimits {
  readonly maxBytes: number;
  readonly maxPixels: number;
}

/** A picture of any kind, checked as far as it can be without copying or decoding a byte. */
export interface ImageSource {
  /** What `take` will hold: counted before it is called. */
  readonly pendingBytes: number;
  /** Copies the caller's bytes now. What it returns opens files and reads the header. */
  take(): () => Promise<OpenedImage>;
}

/** What a number of pixels can be at all: a stated side above it is a mistake, not a large picture. */
const MAX_STATED_SIDE = 2 ** 31 - 1;

/**
 * Tells the kinds of `ImageInput` apart.
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`, `COUNTENANCE_UNSUPPORTED`,
 *   `COUNTENANCE_IMAGE_TOO_LARGE`.
 */
export function imageSource(input: unknown, limits: ImageLimits): ImageSource {
  if (isUint8Array(input)) return bytesSource(input, limits);
  if (typeof input === "string") return dataUriSource(input, limits);
  if (isPlainObject(input)) {
    const given = plainCopy("image", input);
    return "path" in given ? fileSource(pathOf(given), limits) : rawSource(given, limits);
  }
  const url = urlOf(input);
  if (url !== undefined) return urlSource(url, limits);
  throw invalidArgument("image", "{ path }, a URL, a data: URI, a Uint8Array or raw pixels", input);
}

function bytesSource(input: Uint8Array, limits: ImageLimits): ImageSource {
  const size = lengthOf(input);
  if (size > limits.maxBytes) throw tooManyBytes(limits.maxBytes, size);
  return {
    pendingBytes: size,
    take: () => {
      // A detached view has no bytes, and cannot be copied.
      const bytes = new Uint8Array(size === 0 ? [] : input);
      const format = imageFormat(bytes);
      return () => openEncoded(bytes, format, limits.maxPixels);
    },
  };
}

/** The text of a data: URI never changes: it is decoded when its turn comes, and not copied before. */
function dataUriSource(text: string, limits: ImageLimits): ImageSource {
  const uri = parseDataUri(text);
  if (uri === undefined) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "image: expected a data: URI, got another string; a file is { path }",
    );
  }
  if (uri.maxSize > limits.maxBytes) throw tooManyBytes(limits.maxBytes, uri.maxSize);
  return {
    pendingBytes: uri.maxSize,
    take: () => async () => {
      const bytes = await uri.decode();
      return openEncoded(bytes, imageFormat(bytes), limits.maxPixels);
    },
  };
}

/** A URL of this realm as it is; one of another realm (under a test runner) is made anew. */
function urlOf(input: unknown): URL | undefined {
  try {
    if (input instanceof URL) return input.href === "" ? undefined : input;
    const isForeign = Object.prototype.toString.call(input) === "[object URL]";
    return isForeign ? new URL((input as URL).href) : undefined; // anything else throws here
  } catch {
    return undefined;
  }
}

function urlSource(url: URL, limits: ImageLimits): ImageSource {
  if (url.protocol === "data:") return dataUriSource(url.href, limits);
  if (url.protocol === "file:") return fileSource(pathOfUrl(url), limits);
  throw new CountenanceError(
    "COUNTENANCE_UNSUPPORTED",
    "image: expected a file: or data: URL, got another; fetch it first and pass its bytes",
  );
}

/** Files are read when their turn comes: however many calls wait, they hold names only. */
function fileSource(path: string, limits: ImageLimits): ImageSource {
  return {
    pendingBytes: 0,
    take: () => async () => {
      const bytes = await readImageFile(path, limits.maxBytes);
      return openEncoded(bytes, imageFormat(bytes), limits.maxPixels);
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

function pathOfUrl(url: URL): string {
  try {
    return pathOf({ path: fileURLToPath(url) });
  } catch {
    // Without the cause: it may hold the path.
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "image: expected a file: URL of a local absolute path, got another",
    );
  }
}

function rawSource(input: unknown, limits: ImageLimits): ImageSource {
  const raw = plainOptions("image", input, ["data", "width", "height", "channels"]);
  const { data, channels } = raw;
  if (!isUint8Array(data) && !isUint8ClampedArray(data)) {
    throw invalidArgument("image.data", "a Uint8Array of pixels", data);
  }
  const width = integerIn("image.width", raw.width, 1, MAX_STATED_SIDE);
  const height = integerIn("image.height", raw.height, 1, MAX_STATED_SIDE);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw invalidArgument("image.channels", "1, 3 or 4", channels);
  }
  return {
    pendingBytes: width * height * channels,
    take: openRaw(data, { width, height, channels }, limits.maxPixels),
  };
}
