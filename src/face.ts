import type { Template } from "./template.js";

/** Pixels of the upright picture; `x`, `y` is the top left corner, which may lie outside it. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels of the upright picture, x to the right, y down. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** One face of a picture. */
export interface Face {
  readonly box: Box;
  /**
   * The detector's own confidence; higher is surer. Its scale belongs to the detector: BlazeFace and
   * YuNet give 0 to 1, HOG a margin, mostly 0 to 3 for faces that it accepts.
   */
  readonly score: number;
  /**
   * Five points in dlib's order, left and right as the viewer sees them: outer and inner corner of
   * the right eye, outer and inner corner of the left eye, base of the nose.
   */
  readonly landmarks: readonly Point[];
  /** Absent when the caller asked for no embedding. */
  readonly template?: Template;
}
