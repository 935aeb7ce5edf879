import { CountenanceError } from "../errors.js";
import { imageSource } from "../internal/image-source.js";
import { follow } from "../internal/operations.js";
import { throwIfAborted } from "../internal/slots.js";
import { unlessAborted } from "../internal/unless-aborted.js";
import { invalidArgument, isPlainObject } from "../internal/validate.js";
import { type DecodeLimits, tooLong } from "./ffmpeg.js";
import { frameFields } from "./frame-fields.js";
import type { VideoFrame } from "./video.js";

/** Width x height of a frame, as of a clip. */
const MAX_PIXELS = 9_000_000;

/**
 * Frames of the caller's, checked and copied one by one: the caller may reuse a frame's memory as soon
 * as it is asked for the next one. RGBA becomes RGB. Timestamps stay as they are: live frames have a
 * clock of their own.
 *
 * What the caller's iterator throws is passed on. After an abort it is not waited for.
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`, `COUNTENANCE_VIDEO_TOO_LONG`,
 *   `COUNTENANCE_VIDEO_UNREADABLE` when there is no frame, `COUNTENANCE_IMAGE_TOO_LARGE`,
 *   `COUNTENANCE_ABORTED`.
 */
export async function* givenFrames(
  frames: AsyncIterable<unknown>,
  limits: DecodeLimits,
  outer: AbortSignal | undefined,
): AsyncGenerator<VideoFrame, undefined> {
  throwIfAborted(outer);
  const iterator = frames[Symbol.asyncIterator]();
  const end = async () => {
    await iterator.return?.();
  };
  const { controller, unfollow } = follow(outer);
  const { signal } = controller;
  let startMs = NaN;
  let lastMs = -Infinity;
  let isWithin = false; // between two calls of next(), where it is ours to end
  try {
    for (let count = 0; ; count++) {
      isWithin = false;
      const step = await unlessAborted(iterator.next(), signal);
      if (step.done === true) {
        if (count === 0) throw noFrames();
        return;
      }
      isWithin = true;
      const frame = frameFields(step.value, lastMs);
      const { timestampMs } = frame;
      if (count === 0) startMs = timestampMs;
      lastMs = timestampMs;
      if (timestampMs - startMs > limits.maxDurationMs || count === limits.maxFrames) {
        throw tooLong(limits);
      }
      const image = await rgbOrGrey(frame.image);
      throwIfAborted(signal);
      yield { image, timestampMs };
      throwIfAborted(signal);
    }
  } finally {
    unfollow();
    if (signal.aborted) end().catch(() => undefined);
    else if (isWithin) await end();
  }
}

/** A copy, by the checks of every other picture. */
async function rgbOrGrey(image: unknown): Promise<VideoFrame["image"]> {
  if (!isPlainObject(image) || "path" in image) {
    throw invalidArgument("frame.image", "raw pixels { data, width, height, channels }", image);
  }
  const limits = { maxBytes: Number.MAX_SAFE_INTEGER, maxPixels: MAX_PIXELS };
  const opened = await imageSource(image, limits).take()();
  const { pixels, width, height, channels } = await opened.decode(1);
  return { data: pixels, width, height, channels };
}

function noFrames(): CountenanceError {
  return new CountenanceError("COUNTENANCE_VIDEO_UNREADABLE", "video: expected frames, got none");
}
