import type { Box, Point } from "../face.js";
import type { Template } from "../template.js";

/** Degrees; all 0 for a face that looks straight into the camera. */
export interface Pose {
  /** Above 0: the nose points to the right of the picture. */
  readonly yaw: number;
  /** Above 0: the face looks down. */
  readonly pitch: number;
  /** Above 0: the head is tilted clockwise, as seen. */
  readonly roll: number;
}

/** The face that is followed, in one frame. */
export interface TrackedFace {
  readonly box: Box;
  /** Five points, in the order of `Face.landmarks`. */
  readonly landmarks: readonly Point[];
  /** How sure the landmark network is that this is a face: 0..1. */
  readonly score: number;
  /** False where a detector found the face anew: it was not followed from the frame before. */
  readonly followed: boolean;
  readonly pose: Pose;
  /**
   * Openness of both eyes, left and right as the viewer sees them: the eye aspect ratio, lid gap over
   * eye width, about 0.05 for a closed eye and 0.2 to 0.45 for an open one.
   */
  readonly eyes: { readonly left: number; readonly right: number };
  /** Pixels between the outer corners of the eyes. */
  readonly eyeGapPx: number;
  /** Standard deviation of the Laplacian of the face's grey values, at a fixed size: 0 is flat. */
  readonly sharpness: number;
  /** Mean grey value of the face: 0..255. */
  readonly light: number;
  /** Where one was asked for: `embedEveryMs`. */
  readonly template: Template | undefined;
}

/** What one frame of a clip shows. */
export interface TrackedFrame {
  readonly timestampMs: number;
  /** Undefined: no face was found. */
  readonly face: TrackedFace | undefined;
  /**
   * The followed face, if there is one, and the others near its size that a detector saw; undefined
   * in frames in which it did not look.
   */
  readonly facesSeen: number | undefined;
}
