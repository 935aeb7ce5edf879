/**
 * Why a clip is no proof of a living person in front of the camera. Each of them makes `live` false.
 * Codes are API: they never change meaning.
 */
export const LIVENESS_REFUSALS = [
  /** No frame shows a face. */
  "NO_FACE",
  /** A frame shows more than one face: it would not be clear whose blink it is. */
  "MULTIPLE_FACES",
  /** The face went out of sight for too long: another one may have come back. */
  "FACE_LOST",
  /** The faces at the start, in the middle and at the end are not one person's. */
  "DIFFERENT_PERSON",
  /** Between two frames more changed than a camera in front of a face can show: a splice, or a gap. */
  "CUT",
  /** The face is too small for its eyelids to be measured. */
  "FACE_TOO_SMALL",
  /** Too few frames per second to see a blink. */
  "LOW_FRAME_RATE",
  /** Too short to know how open the eyes are when they are open. */
  "TOO_SHORT",
  /** No frame shows the face frontal, sharp, and with open eyes: there is no template. */
  "NO_CLEAR_FRAME",
  /** Nobody blinked; `nearMisses` says what came close. */
  "NO_BLINK",
] as const;

/**
 * What looks as if the pictures came from a file, or from a stream that stalled. They are hints: they
 * make `live` false only with `strict`.
 */
export const REPLAY_CUES = [
  /** The picture stays the same for 1.5 s, though time passes. */
  "FROZEN_FRAMES",
  /** A stretch of frames comes a second time. */
  "LOOPED_FRAMES",
] as const;

export type LivenessRefusal = (typeof LIVENESS_REFUSALS)[number];
export type ReplayCue = (typeof REPLAY_CUES)[number];
export type LivenessReason = LivenessRefusal | ReplayCue;
