import type { Engine } from "../engine.js";
import type { BestFrame } from "../engine-track.js";
import { CountenanceError } from "../errors.js";
import { givePicture } from "../internal/given-picture.js";
import { BlinkDetector, type BlinkReport } from "./blink.js";
import type { TrackedFrame } from "./tracked-frame.js";
import { type VideoFrame, videoFrames, type VideoInput, type VideoOptions } from "./video.js";

/**
 * How often the track is embedded. Another person's blink takes longer, with the open eyes before and
 * after it; closed eyes alone do not, but they have to be cut in so well that nothing jumps.
 */
const EMBED_EVERY_MS = 250;

/** A whole clip as the engine follows its face, and what is found in it frame by frame. */
export interface TrackedClip extends BlinkReport {
  readonly frames: readonly TrackedFrame[];
  /** The best frame with open eyes; undefined when there is none. */
  readonly best: BestFrame | undefined;
}

/**
 * Decodes a video, if it is encoded, and follows its face to the end. The pictures are not kept.
 * Blinks are looked for on the way, so that the event loop never waits for all of a clip.
 * @param signal  Ends the decoder and the engine's work at once.
 * @param look  Is shown each picture before it is followed; the pixels are gone after the call.
 * @throws {CountenanceError} `UNSUPPORTED` for an engine of the caller's that cannot track eyes, and
 * what `videoFrames` and `engine.trackEyes` throw.
 */
export async function trackClip(
  engine: Engine,
  video: VideoInput,
  options: VideoOptions,
  signal: AbortSignal,
  look?: (picture: VideoFrame) => void,
): Promise<TrackedClip> {
  // An engine of the caller's may be older than its type says.
  if (typeof (engine as Partial<Engine>).trackEyes !== "function") {
    throw new CountenanceError(
      "COUNTENANCE_UNSUPPORTED",
      "video: expected an engine with trackEyes, got one without",
    );
  }
  const pictures = shown(videoFrames(video, options, signal), look);
  const tracking = engine.trackEyes(pictures, { embedEveryMs: EMBED_EVERY_MS, signal });
  const frames: TrackedFrame[] = [];
  const detector = new BlinkDetector();
  for await (const frame of tracking) {
    detector.push(frame);
    frames.push(frame);
  }
  return { frames, best: await tracking.best(), ...detector.end() };
}

/** Each picture is shown to `look`, and is the engine's then: its memory is freed there. */
async function* shown(
  pictures: AsyncIterable<VideoFrame>,
  look: ((picture: VideoFrame) => void) | undefined,
): AsyncGenerator<VideoFrame, void, undefined> {
  for await (const picture of pictures) {
    look?.(picture);
    givePicture(picture.image);
    yield picture;
  }
}
