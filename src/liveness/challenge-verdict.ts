import type { Blink } from "./blink.js";
import { type DoneStep, judgeSteps, type StepReason, type StepTerms } from "./challenge-steps.js";
import { isAtRest, type RestPose } from "./head-turns.js";
import { judgeTake, type TakeFrame } from "./one-take.js";
import type { LivenessRefusal } from "./reasons.js";
import type { TrackedFrame } from "./tracked-frame.js";

export type ChallengeReason = StepReason | LivenessRefusal;

export interface ChallengeVerdict {
  /** Empty: the same person did all steps. */
  readonly reasons: readonly ChallengeReason[];
  readonly done: readonly DoneStep[];
}

/**
 * Judges a clip whose face was followed, and whose blinks were found: one person in one take, and the steps. The take goes from the
 * rest pose to the end of the last step, and on to the best frame where that is outside: what gives the
 * template has to be of the same take.
 */
export function judgeChallenge(
  terms: StepTerms,
  frames: readonly TrackedFrame[],
  blinks: readonly Blink[],
  best: TakeFrame | undefined,
): ChallengeVerdict {
  const { done, reason, rest, untilMs } = judgeSteps(terms, frames, blinks);
  const fromMs = rest?.startMs ?? 0;
  const bestMs = best?.timestampMs ?? fromMs;
  const [startMs, endMs] = [Math.min(fromMs, bestMs), Math.max(untilMs, bestMs)];
  const take = frames
    .filter(({ timestampMs }) => timestampMs >= startMs && timestampMs <= endMs)
    .map((frame) => withoutTurned(frame, rest));
  const refusals = judgeTake(take, best);
  // Without a face there is no rest pose either: the cause is enough.
  if (refusals.includes("NO_FACE")) return { reasons: ["NO_FACE"], done };
  return {
    reasons: [
      ...refusals,
      ...(best === undefined ? (["NO_CLEAR_FRAME"] as const) : []),
      ...(reason === undefined ? [] : [reason]),
    ],
    done,
  };
}

/** Templates of turned faces are far from those of the same face at rest: they compare nobody. */
function withoutTurned(frame: TrackedFrame, rest: RestPose | undefined): TrackedFrame {
  const { face } = frame;
  if (face === undefined || rest === undefined || isAtRest(face, rest)) return frame;
  return { ...frame, face: { ...face, template: undefined } };
}
