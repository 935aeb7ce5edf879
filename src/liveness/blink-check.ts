import type { Engine } from "../engine.js";
import type { BestFrame } from "../engine-track.js";
import { inScope } from "../internal/operations.js";
import { optionalBoolean } from "../internal/validate.js";
import type { Template } from "../template.js";
import type { Blink, NearMiss } from "./blink.js";
import { thumbnailOf } from "./frame-thumbnail.js";
import { judgeTake } from "./one-take.js";
import type { LivenessReason, ReplayCue } from "./reasons.js";
import { ReplayWatch } from "./replay-cues.js";
import { type TrackedClip, trackClip } from "./track-clip.js";
import { type VideoInput, type VideoOptions, withMaxDuration } from "./video.js";

/** How a clip was judged. */
export interface BlinkFindings {
  /** One living person in one take. */
  readonly live: boolean;
  /** All blinks of the clip, in order, also when `live` is false for another reason. */
  readonly blinks: readonly Blink[];
  /** What came close to a blink, and why it is none. */
  readonly nearMisses: readonly NearMiss[];
  /**
   * Why `live` is false, in the order of `LIVENESS_REFUSALS`; then the replay cues, which are told
   * without `strict` too.
   */
  readonly reasons: readonly LivenessReason[];
}

/**
 * What a clip shows of a living person. It holds a picture of them: answer a client with `live` and
 * `reasons`, never with all of it.
 */
export type BlinkResult = BlinkFindings &
  (
    | { readonly live: true; readonly bestFrame: BestFrame; readonly template: Template }
    | {
        readonly live: false;
        /** The best frame there is; undefined when none is good enough for a template. */
        readonly bestFrame: BestFrame | undefined;
        /** Of somebody who was not shown to be there: never match by it. */
        readonly template: Template | undefined;
      }
  );

/** Without the person's picture: what a registration or a verification tells of its video. */
export function findingsOf({ live, blinks, nearMisses, reasons }: BlinkFindings): BlinkFindings {
  return { live, blinks, nearMisses, reasons };
}

/** How one video is judged. */
export interface VideoCheckOptions {
  /** The longest clip, 1..600,000. Default: what `openCountenance({ video })` says, or 10,000. */
  readonly maxDurationMs?: number | undefined;
  /**
   * Whether a hint of a replay (`REPLAY_CUES`) is enough to refuse. Default false: such hints are
   * told, and do not decide.
   */
  readonly strict?: boolean | undefined;
}

export interface BlinkRules {
  readonly video: VideoOptions;
  /** Whether a replay cue is enough to refuse. */
  readonly strict: boolean;
}

/** @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function blinkRules(
  video: VideoOptions,
  given: { maxDurationMs?: unknown; strict?: unknown },
): BlinkRules {
  return {
    video: withMaxDuration(video, given.maxDurationMs),
    strict: optionalBoolean("strict", given.strict) ?? false,
  };
}

/**
 * Judges one clip: who is in it, and did they blink?
 * @throws {CountenanceError} What `trackClip` throws.
 */
export function checkBlink(
  engine: Engine,
  video: VideoInput,
  rules: BlinkRules,
  outer: AbortSignal,
): Promise<BlinkResult> {
  return inScope(outer, async (signal) => {
    const watch = new ReplayWatch();
    const clip = await trackClip(engine, video, rules.video, signal, ({ timestampMs, image }) => {
      watch.push(timestampMs, thumbnailOf(image));
    });
    return verdict(clip, watch.cues(), rules.strict);
  });
}

function verdict(
  { frames, best: bestFrame, blinks, nearMisses }: TrackedClip,
  cues: readonly ReplayCue[],
  strict: boolean,
): BlinkResult {
  const refusals: LivenessReason[] = [...judgeTake(frames, bestFrame)];
  if (!refusals.includes("NO_FACE")) {
    if (bestFrame === undefined) refusals.push("NO_CLEAR_FRAME");
    if (blinks.length === 0) refusals.push("NO_BLINK");
  }
  const findings = { blinks, nearMisses, reasons: [...refusals, ...cues] };
  const refused = refusals.length > 0 || (strict && cues.length > 0);
  return bestFrame !== undefined && !refused
    ? { ...findings, live: true, bestFrame, template: bestFrame.template }
    : { ...findings, live: false, bestFrame, template: bestFrame?.template };
}
