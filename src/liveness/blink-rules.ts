import type { DipShape } from "./blink-shape.js";

/** Why a dip of the eyes' openness was not counted as a blink. Codes are API. */
export const BLINK_MISS_REASONS = [
  /** The clip begins or ends before the eyes are seen open on both sides of it. */
  "EDGE",
  /** The face was not followed, or frames are missing, before the eyes are seen open on both sides. */
  "FACE_LOST",
  /** The eyes did not close far enough: a squint, a look down, a blink between two frames. */
  "SHALLOW",
  /** Only one eye closed: a wink, or something in front of one eye. */
  "ONE_EYE",
  /** Shorter than eyelids move. */
  "SHORT",
  /** The eyes stayed closed for longer than a blink lasts. */
  "LONG",
  /** The openness of these eyes is too noisy to tell. */
  "NOISE",
  /** The head is turned so far that one eye cannot be measured. */
  "POSE",
  /** The head moved so much that the openness may have changed by that alone. */
  "MOTION",
] as const;

export type BlinkMissReason = (typeof BLINK_MISS_REASONS)[number];

/** Dips above this ratio are what open eyes do all the time: not worth a word. */
const WORTH_TELLING_RATIO = 0.75;
const WORTH_TELLING_PROMINENCE = 0.2;

// From the prototype, for dlib's 68 points: refitted as soon as the iris contour gives signals.
const MAX_RATIO = 0.6;
const MIN_PROMINENCE = 0.3;
const MIN_EYE_PROMINENCE = 0.22;
const MIN_HALF_WIDTH_MS = 40;
const MAX_HALF_WIDTH_MS = 450;
const MIN_PROMINENCE_BY_NOISE = 4.5;
const MAX_YAW = 40;
const MAX_TURN_RANGE = 12;
const MAX_SCALE_RANGE = 0.12;
const MAX_RATIO_IN_MOTION = 0.45;

/** The floor of the noise: a perfectly still synthetic clip must not make every flutter a signal. */
const LEAST_NOISE = 0.01;

export type Judgement =
  | { readonly kind: "blink" }
  | { readonly kind: "near-miss"; readonly reason: BlinkMissReason }
  | { readonly kind: "nothing" };

export function judge(dip: DipShape): Judgement {
  const reason = missReason(dip);
  if (reason === undefined) return { kind: "blink" };
  const isWorthTelling =
    dip.ratio <= WORTH_TELLING_RATIO &&
    (dip.prominence >= WORTH_TELLING_PROMINENCE || reason !== "SHALLOW");
  return isWorthTelling ? { kind: "near-miss", reason } : { kind: "nothing" };
}

function missReason(dip: DipShape): BlinkMissReason | undefined {
  if (dip.prominence < MIN_PROMINENCE) {
    return dip.cutOff ?? (dip.ratio <= MAX_RATIO ? "LONG" : "SHALLOW");
  }
  if (dip.ratio > MAX_RATIO) return "SHALLOW";
  if (Math.min(dip.leftProminence, dip.rightProminence) < MIN_EYE_PROMINENCE) return "ONE_EYE";
  const halfWidthMs = dip.halfEndMs - dip.halfStartMs;
  if (halfWidthMs < MIN_HALF_WIDTH_MS) return "SHORT";
  if (halfWidthMs > MAX_HALF_WIDTH_MS) return "LONG";
  if (dip.prominence < MIN_PROMINENCE_BY_NOISE * Math.max(dip.noise, LEAST_NOISE)) return "NOISE";
  if (dip.yaw > MAX_YAW) return "POSE";
  const moved = Math.max(
    dip.yawRange / MAX_TURN_RANGE,
    dip.pitchRange / MAX_TURN_RANGE,
    dip.scaleRange / MAX_SCALE_RANGE,
  );
  if (moved > 2 || (moved > 1 && dip.ratio > MAX_RATIO_IN_MOTION)) return "MOTION";
  return undefined;
}
