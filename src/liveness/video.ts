import type { RawImage } from "../image.js";

/** One picture of a video. */
export interface VideoFrame {
  /** Upright. */
  readonly image: RawImage;
  /** Milliseconds; it increases from frame to frame. The first frame of a decoded clip is at 0. */
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
  /** The longest clip, 1..600,000. Default 10,000. */
  readonly maxDurationMs?: number | undefined;
  /** The largest encoded clip. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** How many clips are decoded at once in this process, 1..256. Default: the cores. */
  readonly maxConcurrent?: number | undefined;
}
