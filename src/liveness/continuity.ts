import { median } from "./median.js";
import type { TrackedFace, TrackedFrame } from "./tracked-frame.js";

// Sources of the constants: docs/decisions.md, "Liveness: one person, one take".

/** A face may jump this far, in eye gaps, from where its own motion would have taken it. */
const CALM_JUMP = 0.2;
/** Where the tracker lost the face and found it anew, it may have slipped before that. */
const REFOUND_JUMP = 0.4;
/** In a clip that moves, as many times its largest other step within a second. */
const ACTIVE_JUMP = 2;
const ACTIVITY_MS = 1000;
/** Frames next to a cut in which the tracker still finds its way: they are no sign of activity. */
const SETTLING_FRAMES = 2;
/** No camera pauses this long, and a blink fits into more. */
const LONGEST_GAP_MS = 250;
/** A late frame may show more motion, but no more than this many times that of one in time. */
const LATEST = 3;

/** A turn by this angle moves the face's points by about an eye gap. */
const DEGREES_PER_EYE_GAP = 180 / Math.PI;
/** Light is steadier than place: a change by e counts as two eye gaps. */
const LIGHT_WEIGHT = 2;

/** A frame that shows the face. */
export interface SeenFrame extends TrackedFrame {
  readonly face: TrackedFace;
}

export function hasFace(frame: TrackedFrame): frame is SeenFrame {
  return Boolean(frame.face); // an engine of the caller's may say null
}

/** What changes from one frame to the next: each part is about as large as others in real motion. */
interface Step {
  readonly atMs: number;
  readonly parts: readonly number[];
  /** Of all parts together. */
  readonly size: number;
  readonly calmJump: number;
}

/**
 * Whether the face's place, size, pose and light do not go on from frame to frame as in one take.
 * A frame without a face is passed over; the time that it took counts.
 */
export function hasCut(frames: readonly TrackedFrame[]): boolean {
  const times = frames.map(({ timestampMs }) => timestampMs);
  if (gaps(times).some((gap) => gap > LONGEST_GAP_MS)) return true;
  const seen = frames.filter(hasFace);
  const usualMs = median(gaps(seen.map(({ timestampMs }) => timestampMs)));
  const steps = seen.slice(1).map((frame, i) => stepBetween(seen[i] ?? frame, frame, usualMs));
  return steps.some(({ calmJump }, i) => {
    const by = jump(steps, i);
    return by > calmJump && by > ACTIVE_JUMP * activity(steps, i);
  });
}

/** How far a step is from what the motion before or after it would have made of it. */
function jump(steps: readonly Step[], i: number): number {
  const { parts = [], size = 0 } = steps[i] ?? {};
  const neighbours = [steps[i - 1], steps[i + 1]].flatMap((step) => (step ? [step.parts] : []));
  return Math.min(
    size,
    ...neighbours.map((other) => Math.hypot(...parts.map((part, k) => part - (other[k] ?? 0)))),
  );
}

/** The largest step around one, but not next to it. */
function activity(steps: readonly Step[], i: number): number {
  const atMs = steps[i]?.atMs ?? 0;
  let largest = 0;
  for (const direction of [-1, 1]) {
    for (let j = i + direction * (SETTLING_FRAMES + 1); ; j += direction) {
      const step = steps[j];
      if (step === undefined || Math.abs(step.atMs - atMs) > ACTIVITY_MS) break;
      largest = Math.max(largest, step.size);
    }
  }
  return largest;
}

function stepBetween(before: SeenFrame, after: SeenFrame, usualMs: number): Step {
  const late = (after.timestampMs - before.timestampMs) / usualMs;
  const [a, b] = [before.face, after.face];
  const [from, to] = [middleOfEyes(a), middleOfEyes(b)];
  const gap = Math.min(a.eyeGapPx, b.eyeGapPx);
  const turns = (["yaw", "pitch", "roll"] as const).map(
    (angle) => (b.pose[angle] - a.pose[angle]) / DEGREES_PER_EYE_GAP,
  );
  const allowed = Math.min(LATEST, Math.max(1, late));
  const parts = [
    (to.x - from.x) / gap,
    (to.y - from.y) / gap,
    Math.log(b.eyeGapPx / a.eyeGapPx),
    LIGHT_WEIGHT * Math.log((b.light + 1) / (a.light + 1)),
    ...turns,
  ].map((part) => part / allowed);
  return {
    atMs: after.timestampMs,
    parts,
    size: Math.hypot(...parts),
    calmJump: after.face.followed ? CALM_JUMP : REFOUND_JUMP,
  };
}

function middleOfEyes({ landmarks }: TrackedFace): { readonly x: number; readonly y: number } {
  const corners = landmarks.slice(0, 4);
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  return { x: mean(corners.map(({ x }) => x)), y: mean(corners.map(({ y }) => y)) };
}

function gaps(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, i) => time - (times[i] ?? time));
}
