import type { DipShape } from "./blink-shape.js";

/** Why a dip of the eyes' openness was not counted as a blink. Codes are API. */
export const BLINK_MISS_REASONS = [
  /** The clip begins or ends before the eyes are seen open on both sides of it. */
  "EDGE",
  /** The face was not followed, or frames are missing, before the eyes are seen open on both sides. */
  "FACE_LOST",
  /** The eyes did not close far enough: a squint, a look down, a blink between two frames. */
  "SHALLOW",
  /** The eyes were not open before or after it: part of a longer closure, a squint or a look down. */
  "NOT_OPEN",
  /** Only one eye closed, or one after the other: a wink, or something passed before the eyes. */
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

export type Judgement =
  | { readonly kind: "blink" }
  | { readonly kind: "near-miss"; readonly reason: BlinkMissReason }
  | { readonly kind: "nothing" };

// Where no other source is named, a limit lies in the gap between the 24 labelled blinks of
// ../shared/data/blink ("blinks"), at their native rate, and 17 minutes of still photos that are
// shaken, bent and covered (bench/liveness, "stills"). Openness is 1 for these eyes when open.

/** Blinks: up to 0.58, but for one behind reflecting glasses at 0.74. Looks down: from 0.46. */
const MAX_RATIO = 0.65;
/** Blinks: from 0.36. What is below is in the stills twice a minute. */
const MIN_PROMINENCE = 0.27;
/** Blinks: from 0.88. A closure into a look down: 0.75 and less. */
const MIN_SHOULDER = 0.85;
/** Blinks: from 0.28 in the eye that moved less, which is 0.47 of the other one's. */
const MIN_EYE_PROMINENCE = 0.2;
const MIN_EYE_BALANCE = 0.4;
/** Eyelids move together: what passes before the eyes covers one after the other. Blinks: to 0.69. */
const MAX_WIDER = 0.75;
/** Milliseconds. Physiology: lids need some 50 ms to close, so half of the depth cannot be shorter. */
const MIN_HALF_WIDTH_MS = 25;
/** Milliseconds. Blinks: 35 to 235; a blink as a whole takes 100 to 400. Looks down: from 390. */
const MAX_HALF_WIDTH_MS = 380;
/**
 * The prominence by the noise, times how far the wider eye closed: the less a dip is like a closed
 * eye, the more it must stand out. Blinks: from 5.6; stills whose head does not move: up to 4.0.
 */
const MIN_CLARITY = 4.6;
/** The floor of the noise: in a steady clip not every flutter is a signal. */
const LEAST_NOISE = 0.01;
/** Degrees. Further on, the far eye's lids are seen from the side; blinks: up to 21. */
const MAX_YAW = 40;
/**
 * Degrees, degrees, and the logarithm of a factor, within the dip. Blinks: up to 16, 4.4 and 0.11.
 * A strip that covers both eyes at once upsets the points of the whole face: 7 and more of pitch, or
 * 0.14 and more of size.
 */
const MAX_YAW_RANGE = 20;
const MAX_PITCH_RANGE = 7;
const MAX_SCALE_RANGE = 0.13;

/**
 * A second way, for eyes that seem to close by a quarter only, as behind reflecting glasses: a dip that
 * is shaped like a blink, of both eyes alike, in a face that holds still. One labelled blink needs it
 * (0.74, 0.20, 19 times the noise, 107 ms). Of the stills and the other clips at their rate nothing fits it,
 * not even with a prominence of 0.15, 8 times the noise and 50 ms.
 */
const CLEAR = {
  maxRatio: 0.78,
  minProminence: 0.18,
  minByNoise: 12,
  minShoulder: 0.9,
  minEyeBalance: 0.6,
  minHalfWidthMs: 80,
  maxHalfWidthMs: 200,
  maxYawRange: 5,
  maxPitchRange: 3,
  maxScaleRange: 0.04,
} as const;

/** Openness. Smaller dips are what open eyes do all the time: not worth a word. */
const WORTH_TELLING_RATIO = 0.75;
const WORTH_TELLING_PROMINENCE = 0.2;

export function judge(dip: DipShape): Judgement {
  const reason = isClear(dip) ? undefined : missReason(dip);
  if (reason === undefined) return { kind: "blink" };
  const isWorthTelling =
    dip.ratio <= WORTH_TELLING_RATIO &&
    (dip.prominence >= WORTH_TELLING_PROMINENCE || reason !== "SHALLOW");
  return isWorthTelling ? { kind: "near-miss", reason } : { kind: "nothing" };
}

function isClear(dip: DipShape): boolean {
  const halfWidthMs = dip.halfEndMs - dip.halfStartMs;
  return (
    dip.ratio <= CLEAR.maxRatio &&
    dip.prominence >= CLEAR.minProminence &&
    byNoise(dip) >= CLEAR.minByNoise &&
    dip.shoulder >= CLEAR.minShoulder &&
    balance(dip) >= CLEAR.minEyeBalance &&
    halfWidthMs >= CLEAR.minHalfWidthMs &&
    halfWidthMs <= CLEAR.maxHalfWidthMs &&
    dip.yaw <= MAX_YAW &&
    dip.yawRange <= CLEAR.maxYawRange &&
    dip.pitchRange <= CLEAR.maxPitchRange &&
    dip.scaleRange <= CLEAR.maxScaleRange
  );
}

function byNoise({ prominence, noise }: DipShape): number {
  return prominence / Math.max(noise, LEAST_NOISE);
}

/** How much the eye that moved less did of what the other one did. */
function balance({ leftProminence, rightProminence }: DipShape): number {
  return Math.min(leftProminence, rightProminence) / Math.max(leftProminence, rightProminence);
}

function missReason(dip: DipShape): BlinkMissReason | undefined {
  if (dip.prominence < MIN_PROMINENCE) {
    return dip.cutOff ?? (dip.ratio <= MAX_RATIO ? "LONG" : "SHALLOW");
  }
  if (dip.ratio > MAX_RATIO) return "SHALLOW";
  const less = Math.min(dip.leftProminence, dip.rightProminence);
  const isOfOneEye = less < MIN_EYE_PROMINENCE || balance(dip) < MIN_EYE_BALANCE;
  if (isOfOneEye || dip.wider > MAX_WIDER) return "ONE_EYE";
  if (dip.shoulder < MIN_SHOULDER) return dip.cutOff ?? "NOT_OPEN";
  const halfWidthMs = dip.halfEndMs - dip.halfStartMs;
  if (halfWidthMs < MIN_HALF_WIDTH_MS) return "SHORT";
  if (halfWidthMs > MAX_HALF_WIDTH_MS) return "LONG";
  if (byNoise(dip) * (1 - dip.wider) < MIN_CLARITY) return "NOISE";
  if (dip.yaw > MAX_YAW) return "POSE";
  const hasMoved =
    dip.yawRange > MAX_YAW_RANGE ||
    dip.pitchRange > MAX_PITCH_RANGE ||
    dip.scaleRange > MAX_SCALE_RANGE;
  return hasMoved ? "MOTION" : undefined;
}
