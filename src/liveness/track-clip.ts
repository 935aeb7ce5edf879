import type { Engine } from "../engine.js";
import type { BestFrame } from "../engine-track.js";
import { CountenanceError } from "../errors.js";
import type { TrackedFrame } from "./tracked-frame.js";
import { type VideoFrame, videoFrames, type VideoInput, type VideoOptions } from "./video.js";

/**
 * How often the track is embedded. Another person's blink takes longer, with the open eyes before and
 * after it; closed eyes alone do not, but they have to be cut in so well that nothing jumps.
 */
const EMBED_EVERY_MS = 250;

/** A whole clip as the engine follows its face. */
export interface TrackedClip {
  readonly frames: readonly TrackedFrame[];
  /** The best frame with open eyes; undefined when there is none. */
  readonly best: BestFrame | undefined;
}

/** Whoever looks at a clip while it is followed, frame by frame: the event loop waits in between. */
export interface ClipWatcher {
  picture(picture: VideoFrame): void;
  frame(frame: TrackedFrame): void;
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
  signal: AbortSignal,
  watcher?: ClipWatcher,
): Promise<TrackedClip> {
  // An engine of the caller's may be older than its type says.
  if (typeof (engine as Partial<Engine>).trackEyes !== "function") {
    throw new CountenanceError(
      "COUNTENANCE_UNSUPPORTED",
      "video: expected an engine with trackEyes, got one without",
    );
  }
  const decoded = videoFrames(video, options, signal);
  const pictures = watcher === undefined ? decoded : watched(decoded, watcher);
  const tracking = engine.trackEyes(pictures, { embedEveryMs: EMBED_EVERY_MS, signal });
  const frames: TrackedFrame[] = [];
  for await (const frame of tracking) {
    watcher?.frame(frame);
    frames.push(frame);
  }
  return { frames, best: await tracking.best() };
}

async function* watched(
  pictures: AsyncIterable<VideoFrame>,
  watcher: ClipWatcher,
): AsyncGenerator<VideoFrame, void, undefined> {
  for await (const picture of pictures) {
    watcher.picture(picture);
    yield picture;
  }
}
