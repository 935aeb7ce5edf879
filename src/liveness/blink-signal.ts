import { invalidArgument } from "../internal/validate.js";
import type { TrackedFrame } from "./tracked-frame.js";

/** What the blink detector uses of one frame. */
export interface EyeSample {
  readonly timeMs: number;
  /** Eye aspect ratios; undefined where no face was measured. */
  readonly eyes: { readonly left: number; readonly right: number } | undefined;
  /** Degrees. */
  readonly yaw: number;
  readonly pitch: number;
  readonly eyeGapPx: number;
  /** Whether this is the same face as in the sample before, followed without a gap. */
  readonly joined: boolean;
}

/**
 * Longer than this between two frames, and a whole blink may lie between them: the shortest are
 * about 100 ms from half closed to half open. Three frames at 12 per second.
 */
const MAX_GAP_MS = 250;
/** An eye is never as high as wide: what is above was not measured on an eye. */
const MAX_OPENNESS = 1;
/** Degrees; a head that is turned further shows no face. */
const MAX_TURN = 180;

/**
 * A frame as a sample; undefined for a frame that is not later than `before`.
 *
 * Numbers that cannot have been measured (NaN, a negative openness) make a sample without eyes, as
 * if no face had been found: a tracker's bad frame must not end a live session.
 *
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT` for what is not a frame with a finite time.
 */
export function eyeSample(
  frame: TrackedFrame,
  before: EyeSample | undefined,
): EyeSample | undefined {
  if (typeof frame !== "object" || frame === null) throw invalidArgument("frame", "a frame", frame);
  const { timestampMs: timeMs, face } = frame;
  if (!Number.isFinite(timeMs)) {
    throw invalidArgument("frame.timestampMs", "a finite number of milliseconds", timeMs);
  }
  if (before !== undefined && timeMs <= before.timeMs) return undefined;
  if (!isMeasured(face)) {
    return { timeMs, eyes: undefined, yaw: 0, pitch: 0, eyeGapPx: 0, joined: false };
  }
  const { eyes, pose, eyeGapPx, followed } = face;
  return {
    timeMs,
    eyes: { left: eyes.left, right: eyes.right },
    yaw: pose.yaw,
    pitch: pose.pitch,
    eyeGapPx,
    joined: followed && before?.eyes !== undefined && timeMs - before.timeMs <= MAX_GAP_MS,
  };
}

function isMeasured(face: TrackedFrame["face"]): face is NonNullable<TrackedFrame["face"]> {
  if (typeof face !== "object" || face === null) return false;
  const { eyes, pose, eyeGapPx } = face;
  // Frames may come from JavaScript: the types promise nothing.
  return (
    isIn(eyes?.left, 0, MAX_OPENNESS) &&
    isIn(eyes?.right, 0, MAX_OPENNESS) &&
    isIn(pose?.yaw, -MAX_TURN, MAX_TURN) &&
    isIn(pose?.pitch, -MAX_TURN, MAX_TURN) &&
    eyeGapPx > 0 &&
    Number.isFinite(eyeGapPx)
  );
}

function isIn(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && value >= min && value <= max;
}

/** The smallest value that at least `fraction` of them do not exceed; NaN of none. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? NaN;
}
