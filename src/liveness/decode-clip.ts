import { AbortedError, CountenanceError } from "../errors.js";
import { throwIfAborted } from "../internal/slots.js";
import { type DecodeLimits, type Decoder, MAX_SIDE, tooLong, unreadable } from "./ffmpeg.js";
import { PictureReader, TimestampReader } from "./frame-reader.js";
import type { VideoFrame } from "./video.js";

/**
 * Frames that follow one another faster are left out: what is measured on faces was measured at 25 to
 * 30 a second, and a blink of 100 ms has four frames at 48. 60 a second become 30; 30 a second of
 * uneven length, as phones record them, stay whole.
 */
const MIN_GAP_MS = 20.5;

/** Frames that are read while the consumer works on one, so that decoding goes on. */
const READ_AHEAD = 2;

const UNUSUAL = "a damaged one, or one whose pictures change their size";

/**
 * The frames of a decoder that has just been started, which is killed and gone when this has ended, on
 * every path.
 * @throws {CountenanceError} `COUNTENANCE_VIDEO_UNREADABLE`, `COUNTENANCE_VIDEO_TOO_LONG`,
 *   `COUNTENANCE_VIDEO_DECODER_MISSING`, `COUNTENANCE_ABORTED`.
 */
export async function* decodeClip(
  decoder: Decoder,
  limits: DecodeLimits,
  signal: AbortSignal,
): AsyncGenerator<VideoFrame, undefined> {
  const onAbort = () => decoder.kill(new AbortedError(signal.reason));
  signal.addEventListener("abort", onAbort, { once: true });
  const source = framesOf(decoder, limits);
  const asked: Promise<IteratorResult<VideoFrame, undefined>>[] = [];
  const ask = () => {
    const next = source.next();
    next.catch(() => undefined); // its turn to be awaited may never come
    asked.push(next);
  };
  try {
    throwIfAborted(signal);
    for (let ahead = 0; ahead < READ_AHEAD; ahead++) ask();
    for (;;) {
      const next = await asked.shift();
      throwIfAborted(signal);
      if (next === undefined || next.done === true) return;
      ask();
      yield next.value;
      throwIfAborted(signal);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    decoder.kill();
    await source.return(undefined);
    await decoder.ended().catch(() => undefined); // what is to be told has been told
  }
}

async function* framesOf(
  decoder: Decoder,
  limits: DecodeLimits,
): AsyncGenerator<VideoFrame, undefined> {
  const pictures = new PictureReader(decoder.pictures, MAX_SIDE);
  const timestamps = new TimestampReader(decoder.timestamps);
  const patience = new Patience(limits.waitMs, () =>
    decoder.kill(unreadable("one that takes too much time")),
  );
  let count = 0;
  let startMs = 0;
  let lastMs = -Infinity;
  try {
    patience.start();
    for (let next = await pictures.next(); next !== undefined; next = await pictures.next()) {
      const atMs = await timestamps.nextMs();
      if (count++ === 0) startMs = atMs;
      const timestampMs = atMs - startMs;
      if (timestampMs > limits.maxDurationMs) throw tooLong(limits);
      if (count > limits.maxFrames) throw tooLong(limits);
      if (timestampMs - lastMs < MIN_GAP_MS) {
        await next.skip(); // of 60 frames a second every other one (MIN_GAP_MS)
        continue;
      }
      const { data, width, height } = await next.read();
      lastMs = timestampMs;
      patience.stop();
      yield { image: { data, width, height, channels: 3 }, timestampMs };
      patience.start();
    }
    await decoder.ended();
    if (count === 0) throw unreadable("one without pictures");
  } catch (error) {
    // The first reason counts: reading fails because of it.
    const reason = error instanceof CountenanceError ? error : unreadable(UNUSUAL);
    decoder.kill(reason);
    throw decoder.failure ?? reason;
  } finally {
    patience.stop();
  }
}

/** A limit on the sum of the times that we wait; while the consumer works, it does not count. */
class Patience {
  #leftMs: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #onEnd: () => void;

  constructor(ms: number, onEnd: () => void) {
    this.#leftMs = ms;
    this.#onEnd = onEnd;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#timer = setTimeout(this.#onEnd, Math.max(this.#leftMs, 0));
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#leftMs -= performance.now() - this.#startedAt;
  }
}
