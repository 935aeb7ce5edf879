import type { Engine } from "../engine.js";
import type { BestFrame } from "../engine-track.js";
import { CountenanceError } from "../errors.js";
import { thumbnailOf } from "./frame-thumbnail.js";
import type { ReplayCue } from "./reasons.js";
import { ReplayWatch } from "./replay-cues.js";
import type { TrackedFrame } from "./tracked-frame.js";
import { type VideoFrame, videoFrames, type VideoInput, type VideoOptions } from "./video.js";

/** A whole clip as the engine follows its face. */
export interface TrackedClip {
  readonly frames: readonly TrackedFrame[];
  /** The best frame with open eyes; undefined when there is none. */
  readonly best: BestFrame | undefined;
  /** What its pictures have of a replay. */
  readonly cues: readonly ReplayCue[];
}

/**
 * Decodes a video, if it is encoded, and follows its face to the end. The pictures are not kept.
 * @param signal  Ends the decoder and the engine's work at once.
 * @throws {CountenanceError} `UNSUPPORTED` for an engine of the caller's that cannot track eyes, and
 * what `videoFrames` and `engine.trackEyes` throw.
 */
export async function trackClip(
  engine: Engine,
  video: VideoInput,
  options: VideoOptions,
  embedEveryMs: number,
  signal: AbortSignal,
): Promise<TrackedClip> {
  // An engine of the caller's may be older than its type says.
  if (typeof (engine as Partial<Engine>).trackEyes !== "function") {
    throw new CountenanceError(
      "COUNTENANCE_UNSUPPORTED",
      "video: expected an engine with trackEyes, got one without",
    );
  }
  const watch = new ReplayWatch();
  const pictures = watched(videoFrames(video, options, signal), watch);
  const tracking = engine.trackEyes(pictures, { embedEveryMs, signal });
  const frames: TrackedFrame[] = [];
  for await (const frame of tracking) frames.push(frame);
  return { frames, best: await tracking.best(), cues: watch.cues() };
}

async function* watched(
  frames: AsyncIterable<VideoFrame>,
  watch: ReplayWatch,
): AsyncGenerator<VideoFrame, void, undefined> {
  for await (const frame of frames) {
    watch.push(frame.timestampMs, thumbnailOf(frame.image));
    yield frame;
  }
}
