import { median } from "./median.js";

/** Why a passive check cannot tell. Codes are API: they never change meaning. */
export const PASSIVE_REASONS = [
  /** No face was found. */
  "NO_FACE",
  /** More than one face: it would not be clear whose score it is. */
  "MULTIPLE_FACES",
  /** The face has too few pixels. */
  "FACE_TOO_SMALL",
  /**
   * The face nearly fills the picture, as in a selfie that was cropped before: what gives an attack
   * away is mostly around the face, and without it live faces look like fakes.
   */
  "NO_SURROUNDINGS",
  /** No colour, as in an infrared or a greyscale picture: the networks take it for print. */
  "GREYSCALE",
  /** A clip with fewer than five frames that could be judged. */
  "TOO_FEW_FRAMES",
] as const;

export type PassiveReason = (typeof PASSIVE_REASONS)[number];

/**
 * Scores at which a face counts as live. They are *not validated*: four clips and 57 photos, on
 * which they were looked at, say little about your cameras and your attacks (docs/decisions.md,
 * "Liveness: passive"). `countenance evaluate liveness` measures them on your own clips.
 */
export const PASSIVE_POINTS = {
  /** Hardly a live face is refused. */
  usability: 0.3,
  /** The networks think "live" more likely than everything else. */
  balanced: 0.5,
  /** Both networks are sure. */
  security: 0.9,
} as const;

export type PassivePoint = keyof typeof PASSIVE_POINTS;

/** What is known of a picture: `SpoofScores` of the engine. */
export interface PassiveFindings {
  readonly faces: number;
  readonly faceSize: number;
  readonly v2: number;
  readonly v1se: number;
  readonly surroundings: number;
  readonly colour: number;
}

/** One picture, judged or not. */
export interface PassiveFrame {
  /** In a clip: milliseconds from its start. */
  readonly timestampMs: number | undefined;
  /** The mean of both networks' scores: 0..1, no probability. Undefined: `reason` says why. */
  readonly score: number | undefined;
  readonly reason: PassiveReason | undefined;
}

// Measured: docs/decisions.md, "Liveness: passive".

/** Pixels along a side of the face's box: at 40, two of six frames of a real clip score as fakes. */
const LEAST_FACE_SIZE = 60;
/**
 * In sizes of the face. Of photos of real people 53 % score "live" with less than 1.1, 82 % with 1.2
 * to 1.4, and 91 % or more from here on.
 */
const LEAST_SURROUNDINGS = 1.4;
/** Faint colours are above 8; what a greyscale clip's decoder leaves is below 1. */
const LEAST_COLOUR = 2;
/** Of a clip. */
const LEAST_FRAMES = 5;

export function judgePicture(
  findings: PassiveFindings,
  timestampMs: number | undefined,
): PassiveFrame {
  const reason = whyNot(findings);
  const score = reason === undefined ? (findings.v2 + findings.v1se) / 2 : undefined;
  return { timestampMs, score, reason };
}

function whyNot(findings: PassiveFindings): PassiveReason | undefined {
  if (findings.faces === 0) return "NO_FACE";
  if (findings.faces > 1) return "MULTIPLE_FACES";
  if (findings.faceSize < LEAST_FACE_SIZE) return "FACE_TOO_SMALL";
  if (findings.surroundings < LEAST_SURROUNDINGS) return "NO_SURROUNDINGS";
  if (findings.colour < LEAST_COLOUR) return "GREYSCALE";
  return undefined;
}

/** The score of some pictures, and why it is no basis for a decision, if it is none. */
export interface PassiveSummary {
  /** The median of those that could be judged; undefined when there are none. */
  readonly score: number | undefined;
  /** Empty: the score counts. */
  readonly reasons: readonly PassiveReason[];
}

/**
 * Half of the pictures at least must be fit to be judged, and of a clip five: a median of fewer is
 * one bad frame's toy.
 */
export function summarise(frames: readonly PassiveFrame[], isClip: boolean): PassiveSummary {
  const scores = frames.flatMap(({ score }) => (score === undefined ? [] : [score]));
  const score = scores.length === 0 ? undefined : median(scores);
  const reasons = new Set<PassiveReason>();
  if (2 * scores.length < frames.length || scores.length === 0) {
    for (const { reason } of frames) if (reason !== undefined) reasons.add(reason);
  }
  if (isClip && scores.length < LEAST_FRAMES) reasons.add("TOO_FEW_FRAMES");
  return { score, reasons: PASSIVE_REASONS.filter((reason) => reasons.has(reason)) };
}
