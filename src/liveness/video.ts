import { availableParallelism } from "node:os";

import { CountenanceError } from "../errors.js";
import type { RawImage } from "../image.js";
import { fullPathOf } from "../internal/full-path.js";
import { follow } from "../internal/operations.js";
import { Slots, throwIfAborted } from "../internal/slots.js";
import { isUint8Array, lengthOf } from "../internal/typed-array.js";
import {
  integerIn,
  invalidArgument,
  isAsyncIterable,
  isPlainObject,
  optionalSignal,
  plainOptions,
} from "../internal/validate.js";
import { decodeClip } from "./decode-clip.js";
import { decodeLimits, type Decoder, startFfmpeg } from "./ffmpeg.js";
import { findFfmpeg } from "./find-ffmpeg.js";
import { givenFrames } from "./given-frames.js";
import { openVideoFile, tooManyBytes, unnamedFileOf, type VideoFile } from "./video-file.js";
import { HEAD_BYTES, videoFormat } from "./video-format.js";

/** One picture of a video. */
export interface VideoFrame {
  /** Upright. */
  readonly image: RawImage;
  /**
   * Milliseconds from any moment: finite, and more from frame to frame. The first frame of a decoded
   * clip is at 0.
   */
  readonly timestampMs: number;
}

/**
 * A video: an mp4, mov or webm file, its bytes, or frames that the caller has decoded.
 *
 * Do not pass on an object that a client sent: `{ path }` opens a file.
 */
export type VideoInput = { readonly path: string } | Uint8Array | AsyncIterable<VideoFrame>;

export interface VideoOptions {
  /** The ffmpeg program. Default: the environment's FFMPEG_PATH, else `ffmpeg` on its PATH. */
  readonly ffmpegPath?: string | undefined;
  /** The longest clip, 1..600,000. Default 10,000. Its frames are limited to 60 a second of it, and 60. */
  readonly maxDurationMs?: number | undefined;
  /** The largest encoded clip. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /**
   * How many clips are decoded at once in this process, 1..256. Default: the cores. A call takes that
   * share of the process, whatever other calls say.
   */
  readonly maxConcurrent?: number | undefined;
}

type ResolvedOptions = ReturnType<typeof videoOptionsOf>;

const MIB = 1024 * 1024;

const MAX_DURATION_MS = 600_000;
/** Clips that may wait or run at once, and the bytes of those that are held in memory. */
const MAX_PENDING = 64;
const MAX_PENDING_BYTES = 256 * MIB;

/** What all calls of this process share; 1 / maxConcurrent of it each, so it divides by 1..256. */
const WHOLE = 2 ** 20;
const processes = new Slots(WHOLE);
const pending = { calls: 0, bytes: 0 };

/** @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`. */
export function videoOptionsOf(options: unknown) {
  const given = plainOptions("video", options, [
    "ffmpegPath",
    "maxDurationMs",
    "maxBytes",
    "maxConcurrent",
  ]);
  const integer = (
    name: "maxDurationMs" | "maxBytes" | "maxConcurrent",
    fallback: number,
    max: number,
  ) => integerIn(`video.${name}`, given[name] ?? fallback, 1, max);
  const { ffmpegPath } = given;
  return {
    ffmpegPath: ffmpegPath === undefined ? undefined : fullPathOf(ffmpegPath, "the program ffmpeg"),
    limits: decodeLimits(integer("maxDurationMs", 10_000, MAX_DURATION_MS)),
    maxBytes: integer("maxBytes", 64 * MIB, Number.MAX_SAFE_INTEGER),
    maxConcurrent: integer("maxConcurrent", availableParallelism(), 256),
  };
}

/**
 * With what one call says in place of what is said for all.
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`.
 */
export function withMaxDuration(options: VideoOptions, maxDurationMs: unknown): VideoOptions {
  if (maxDurationMs === undefined) return options;
  return {
    ...options,
    maxDurationMs: integerIn("maxDurationMs", maxDurationMs, 1, MAX_DURATION_MS),
  };
}

/**
 * The frames of a video, in order, with their real timestamps. Leaving the loop, or the signal, ends
 * the decoder at once; it is gone when the loop is. Without a loop, end it yourself, by `return()` or
 * the signal: until then it holds its decoder, and its share of maxConcurrent.
 *
 * Files are decoded by ffmpeg, in a process with limits on time, memory and output. Frames are RGB,
 * upright (rotation is applied), with the longer side scaled down to 1,280 pixels; each frame's `data`
 * is the whole of an ArrayBuffer that nobody else holds. Of more than 48 frames a second some are left
 * out. The clip is never in memory as a whole: the decoder waits for the consumer. Bytes are copied
 * before this returns, and put into a file without a name once it is their turn.
 *
 * Frames of the caller's are checked and copied, one by one; grey stays grey, RGBA becomes RGB, and
 * timestamps stay as they are. No ffmpeg is needed.
 *
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT` at once; while iterating
 *   `COUNTENANCE_VIDEO_UNREADABLE` (also for a damaged or truncated clip, after its good frames,
 *   and for one whose pictures change their size),
 *   `COUNTENANCE_VIDEO_TOO_LONG`, `COUNTENANCE_VIDEO_DECODER_MISSING`, `COUNTENANCE_IMAGE_TOO_LARGE`
 *   (a frame of the caller's), `COUNTENANCE_BUSY`, `COUNTENANCE_ABORTED`.
 */
export function videoFrames(
  input: VideoInput,
  options: VideoOptions = {},
  signal?: AbortSignal,
): AsyncGenerator<VideoFrame, undefined> {
  const resolved = videoOptionsOf(options);
  const until = optionalSignal("signal", signal);
  const given: unknown = input; // of a JavaScript caller
  if (isUint8Array(given)) return decoded(bytesClip(given, resolved.maxBytes), resolved, until);
  if (isAsyncIterable(given)) return givenFrames(given, resolved.limits, until);
  if (isPlainObject(given)) {
    const path = fullPathOf(plainOptions("video", given, ["path"]).path, "a video");
    return decoded(fileClip(path, resolved.maxBytes), resolved, until);
  }
  throw invalidArgument("video", "{ path }, a Uint8Array or an AsyncIterable of frames", given);
}

interface Clip {
  /** In memory until it is opened. */
  readonly heldBytes: number;
  /** Refuses before it is its turn what needs no decoder to be refused. */
  check(): Promise<void>;
  open(signal: AbortSignal): Promise<VideoFile>;
}

function fileClip(path: string, maxBytes: number): Clip {
  const open = () => openVideoFile(path, maxBytes);
  return { heldBytes: 0, check: async () => (await open()).handle.close(), open };
}

function bytesClip(input: Uint8Array, maxBytes: number): Clip {
  const size = lengthOf(input);
  const refusal =
    size > maxBytes ? tooManyBytes(maxBytes, size) : isFull(size) ? busy() : undefined;
  // A detached view has no bytes, and cannot be copied.
  let bytes = new Uint8Array(size === 0 || refusal !== undefined ? [] : input);
  const format = () => videoFormat(bytes.subarray(0, HEAD_BYTES));
  return {
    heldBytes: bytes.length,
    check: async () => {
      if (refusal !== undefined) throw refusal;
      await Promise.resolve(format());
    },
    open: async (signal) => {
      const file = { format: format(), handle: await unnamedFileOf(bytes, signal) };
      bytes = new Uint8Array(0); // they are in the file now
      return file;
    },
  };
}

async function* decoded(
  clip: Clip,
  { ffmpegPath, limits, maxConcurrent }: ResolvedOptions,
  outer: AbortSignal | undefined,
): AsyncGenerator<VideoFrame, undefined> {
  throwIfAborted(outer);
  let { heldBytes } = clip;
  if (isFull(heldBytes)) throw busy();
  pending.calls += 1;
  pending.bytes += heldBytes;
  let share = 0;
  let isReleased = false;
  const { controller, unfollow } = follow(outer);
  const { signal } = controller;
  const release = () => {
    if (isReleased) return;
    isReleased = true;
    unfollow();
    processes.giveBack(share);
    pending.calls -= 1;
    pending.bytes -= heldBytes;
  };
  try {
    await clip.check();
    share = await processes.take(Math.floor(WHOLE / maxConcurrent), signal);
    const { handle, format } = await clip.open(signal);
    pending.bytes -= heldBytes;
    heldBytes = 0;
    let decoder: Decoder;
    try {
      const program = await findFfmpeg(ffmpegPath);
      throwIfAborted(signal);
      decoder = startFfmpeg(program, handle.fd, format, limits);
    } finally {
      // The decoder has its own; without a decoder there is another error to tell.
      await handle.close().catch(() => undefined);
    }
    // Whoever aborts between two frames may never ask for another: then nothing below is ever run.
    signal.addEventListener("abort", release, { once: true });
    return yield* decodeClip(decoder, limits, signal);
  } finally {
    release();
  }
}

/** One clip alone may have more bytes. */
function isFull(bytes: number): boolean {
  const hasRoom = pending.bytes === 0 || pending.bytes + bytes <= MAX_PENDING_BYTES;
  return pending.calls >= MAX_PENDING || !hasRoom;
}

function busy(): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_BUSY",
    `video: expected at most ${String(MAX_PENDING)} clips and ${String(MAX_PENDING_BYTES)} bytes at once, got more`,
  );
}
