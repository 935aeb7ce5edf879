import type { SpoofScores } from "../engine-passive.js";
import type { Engine } from "../engine.js";
import { CountenanceError } from "../errors.js";
import type { ImageInput } from "../image.js";
import { inScope } from "../internal/operations.js";
import { invalidArgument, isPlainObject, oneOf, plainOptions } from "../internal/validate.js";
import {
  judgePicture,
  PASSIVE_POINTS,
  type PassiveFrame,
  type PassivePoint,
  type PassiveReason,
  type PassiveSummary,
  summarise,
} from "./passive-rules.js";
import { videoFrames, type VideoInput, type VideoOptions, withMaxDuration } from "./video.js";

/** A picture, several of one face, or a clip. */
export type PassiveInput = ImageInput | readonly ImageInput[] | { readonly video: VideoInput };

export interface PassiveOptions {
  /** How high a score has to be. Default `balanced`. */
  readonly point?: PassivePoint | undefined;
  /** The longest clip, 1..600,000. Default: what `openCountenance({ video })` says, or 10,000. */
  readonly maxDurationMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface PassiveFacts {
  /** Scores from here on count as live. */
  readonly threshold: number;
  /** Nobody has measured the threshold on enough people and attacks to promise a rate of errors. */
  readonly validated: false;
  /** Every picture that was looked at; of a clip, frames from all over it. */
  readonly frames: readonly PassiveFrame[];
}

/** What the pictures of a face look like: a face, or a picture of one. */
export type PassiveResult = PassiveFacts &
  (
    | {
        readonly decision: "live" | "spoof";
        /** The median of the frames' scores: 0..1, of this model, no probability. */
        readonly score: number;
        readonly reasons: readonly [];
      }
    | {
        /** They cannot be judged; take another picture. */
        readonly decision: "inconclusive";
        /** Of the frames that could be judged; undefined when there are none. */
        readonly score: number | undefined;
        /** At least one. */
        readonly reasons: readonly PassiveReason[];
      }
  );

/** Pictures are worth 3 to 10 ms each: a list is no archive. */
const MAX_IMAGES = 100;

/** Milliseconds from one judged frame of a clip to the next: seven in the first second. */
const FRAME_EVERY_MS = 150;
/** From here on every other frame is dropped, so that long clips cost no more and are seen whole. */
const MAX_FRAMES = 64;

interface PassiveRules {
  readonly threshold: number;
  readonly video: VideoOptions;
}

/** @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function passiveRules(
  video: VideoOptions,
  given: { readonly point?: unknown; readonly maxDurationMs?: unknown },
): PassiveRules {
  const { point = "balanced", maxDurationMs } = given;
  const points = Object.keys(PASSIVE_POINTS) as PassivePoint[]; // its own keys
  return {
    threshold: PASSIVE_POINTS[oneOf("point", point, points)],
    video: withMaxDuration(video, maxDurationMs),
  };
}

/**
 * Judges pictures or a clip. What the caller's bytes are is copied before this returns.
 * @throws {CountenanceError} `INVALID_ARGUMENT`, `UNSUPPORTED` for an engine of the caller's without
 * `spoofScores`, and what `engine.spoofScores` and `videoFrames` throw.
 */
export async function checkPassive(
  engine: Engine,
  input: PassiveInput,
  rules: PassiveRules,
  signal: AbortSignal,
): Promise<PassiveResult> {
  const score = scorerOf(engine);
  const clip = isPlainObject(input) && "video" in input;
  const frames = await inScope(signal, (scope) =>
    clip
      ? judgeClip(score, plainOptions("input", input, ["video"]).video, rules.video, scope)
      : judgeImages(score, input, scope),
  );
  return resultOf(frames, summarise(frames, clip), rules.threshold);
}

type Scorer = (image: ImageInput, signal: AbortSignal) => Promise<SpoofScores>;

/** @throws {CountenanceError} `UNSUPPORTED`. */
function scorerOf(engine: Engine): Scorer {
  // An engine of the caller's may be older than its type says.
  const { spoofScores } = engine as Partial<Pick<Engine, "spoofScores">>;
  if (typeof spoofScores !== "function") {
    throw new CountenanceError(
      "COUNTENANCE_UNSUPPORTED",
      "passive: expected an engine with spoofScores, got one without",
    );
  }
  return (image, signal) => spoofScores.call(engine, image, { signal });
}

function judgeImages(
  score: Scorer,
  input: unknown,
  signal: AbortSignal,
): Promise<readonly PassiveFrame[]> {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input];
  const images = list as readonly ImageInput[]; // the decoder judges what they are
  if (images.length < 1 || images.length > MAX_IMAGES) {
    throw invalidArgument("images", `a list of 1..${String(MAX_IMAGES)} pictures`, images);
  }
  // from(): map() would pass over the holes of a sparse list.
  return Promise.all(
    Array.from(images, async (image) => judgePicture(await score(image, signal), undefined)),
  );
}

async function judgeClip(
  score: Scorer,
  video: unknown,
  options: VideoOptions,
  signal: AbortSignal,
): Promise<readonly PassiveFrame[]> {
  let frames: PassiveFrame[] = [];
  let everyMs = FRAME_EVERY_MS;
  let dueMs = -Infinity;
  // videoFrames judges what it is.
  for await (const { image, timestampMs } of videoFrames(video as VideoInput, options, signal)) {
    if (timestampMs < dueMs) continue;
    dueMs = timestampMs + everyMs;
    frames.push(judgePicture(await score(image, signal), timestampMs));
    if (frames.length < MAX_FRAMES) continue;
    frames = frames.filter((_, i) => i % 2 === 0);
    const [first, last] = [frames[0], frames.at(-1)];
    const spanMs = (last?.timestampMs ?? 0) - (first?.timestampMs ?? 0);
    everyMs = (0.95 * spanMs) / (frames.length - 1); // as far apart as these: timestamps jitter
    dueMs = (last?.timestampMs ?? 0) + everyMs;
  }
  return frames;
}

function resultOf(
  frames: readonly PassiveFrame[],
  { score, reasons }: PassiveSummary,
  threshold: number,
): PassiveResult {
  const facts = { threshold, validated: false, frames } as const;
  if (score === undefined || reasons.length > 0) {
    return { ...facts, decision: "inconclusive", score, reasons };
  }
  return { ...facts, decision: score >= threshold ? "live" : "spoof", score, reasons: [] };
}
