import type { Blink } from "./blink.js";
import { findRest, findTurns, type HeadTurn, isAtRest, type RestPose } from "./head-turns.js";
import type { TrackedFrame } from "./tracked-frame.js";

/** What a challenge can ask for. Left and right are the person's own. */
export const CHALLENGE_ACTIONS = [
  "blink",
  "turn-left",
  "turn-right",
  "look-up",
  "look-down",
] as const;

export type ChallengeAction = (typeof CHALLENGE_ACTIONS)[number];

export interface ChallengeStep {
  readonly action: ChallengeAction;
  /** How many blinks at least: 1..3. All other actions are done once. */
  readonly times: number;
}

/** What a clip has to show. */
export interface StepTerms {
  /** To be shown to the person, one after the other. */
  readonly steps: readonly ChallengeStep[];
  /** The time for each step. */
  readonly stepMs: number;
  /** Whether the picture shows the person's left on its left, as a mirror does. */
  readonly mirrored: boolean;
}

/** Blinks that one step asks for, at most. */
export const MAX_BLINKS = 3;

/** Why the steps of a challenge were not done. */
export const STEP_REASONS = [
  /** The clip never shows the face still and looking into the camera, as it has to begin. */
  "NO_REST_POSE",
  /** The clip ends before a step was done, or a step was left out. */
  "STEP_MISSING",
  /** A later step was done first. */
  "WRONG_ORDER",
  /** A head movement that was not asked for. */
  "EXTRA_ACTION",
  /** A step took longer than its time. */
  "STEP_TOO_LATE",
] as const;

export type StepReason = (typeof STEP_REASONS)[number];

/** When a step was done, on the clip's own clock. */
export interface DoneStep {
  readonly action: ChallengeAction;
  /** When the head left its rest, or the first blink began. */
  readonly startMs: number;
  /** When the head was back at rest, or the last blink ended. */
  readonly endMs: number;
}

export interface StepsJudgement {
  /** The steps that were done, in order. All of them were when there is no reason. */
  readonly done: readonly DoneStep[];
  readonly reason: StepReason | undefined;
  /** Undefined for NO_REST_POSE. The clip counts from its start on. */
  readonly rest: RestPose | undefined;
  /** The clip counts up to the end of the last step. */
  readonly untilMs: number;
}

/**
 * A random sequence without two equal actions in a row.
 * @param randomBelow  A random integer in 0..n-1, every one as likely as the others.
 */
export function chooseSteps(
  count: number,
  actions: readonly ChallengeAction[],
  randomBelow: (n: number) => number,
): readonly ChallengeStep[] {
  const steps: ChallengeStep[] = [];
  while (steps.length < count) {
    const allowed = actions.filter((action) => action !== steps.at(-1)?.action);
    const action = allowed[randomBelow(allowed.length)];
    if (action === undefined) break; // one action only: the caller asked for one step
    steps.push({ action, times: action === "blink" ? 1 + randomBelow(MAX_BLINKS) : 1 });
  }
  return steps;
}

/**
 * Whether a clip shows the steps: in order, each in its time, no other head movement in between.
 *
 * The first step's time begins with the rest pose, every other's with the end of the step before.
 * Blinks count while the head is near its rest pose. More blinks than asked for are allowed, and so
 * are blinks in other steps: people blink. What follows the last step does not count.
 * @param blinks  Of the same frames, in order.
 */
export function judgeSteps(
  { steps, stepMs, mirrored }: StepTerms,
  frames: readonly TrackedFrame[],
  blinks: readonly Blink[],
): StepsJudgement {
  const endMs = frames.at(-1)?.timestampMs ?? 0;
  const rest = findRest(frames);
  if (rest === undefined) return { done: [], reason: "NO_REST_POSE", rest, untilMs: endMs };
  const turns = findTurns(frames, rest).map((turn) => ({ ...turn, ...actionOf(turn, mirrored) }));
  const calmBlinks = blinks.filter((blink) => isCalm(blink, frames, rest));
  const done: DoneStep[] = [];
  let sinceMs = rest.endMs;
  const verdict = (reason: StepReason | undefined): StepsJudgement => ({
    done,
    reason,
    rest,
    untilMs: reason === undefined ? sinceMs : endMs,
  });
  for (const [i, { action, times }] of steps.entries()) {
    const turn = turns[0];
    if (action === "blink") {
      const seen = calmBlinks
        .filter((blink) => blink.startMs >= sinceMs && blink.endMs <= (turn?.startMs ?? endMs))
        .slice(0, times);
      const [first, last] = [seen[0], seen.at(-1)];
      if (first === undefined || last === undefined || seen.length < times) {
        const next = steps[i + 1]?.action;
        return verdict(
          turn === undefined || turn.action === next ? "STEP_MISSING" : wrong(turn, steps, i),
        );
      }
      if (last.endMs - sinceMs > stepMs) return verdict("STEP_TOO_LATE");
      sinceMs = last.endMs;
      done.push({ action, startMs: first.startMs, endMs: last.endMs });
    } else {
      if (turn === undefined) return verdict("STEP_MISSING");
      if (turn.action !== action) return verdict(wrong(turn, steps, i));
      if (turn.reachedMs - sinceMs > stepMs) return verdict("STEP_TOO_LATE");
      turns.shift();
      sinceMs = turn.endMs ?? endMs;
      done.push({ action, startMs: turn.startMs, endMs: sinceMs });
    }
  }
  return verdict(undefined);
}

function wrong(
  turn: { readonly action: ChallengeAction },
  steps: readonly ChallengeStep[],
  at: number,
): StepReason {
  const comesLater = steps.slice(at + 1).some(({ action }) => action === turn.action);
  return comesLater ? "WRONG_ORDER" : "EXTRA_ACTION";
}

/** In a picture that is not mirrored, a person's left is on its right. */
function actionOf({ direction }: HeadTurn, mirrored: boolean): { action: ChallengeAction } {
  if (direction === "up") return { action: "look-up" };
  if (direction === "down") return { action: "look-down" };
  return { action: (direction === "left") === mirrored ? "turn-left" : "turn-right" };
}

/** Whether the head stays near its rest pose: with the gaze the lids sink. */
function isCalm(blink: Blink, frames: readonly TrackedFrame[], rest: RestPose): boolean {
  return frames
    .filter(({ timestampMs }) => timestampMs >= blink.startMs && timestampMs <= blink.endMs)
    .every(({ face }) => face !== undefined && isAtRest(face, rest));
}
