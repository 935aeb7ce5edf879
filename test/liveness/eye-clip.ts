import type { TrackedFace, TrackedFrame } from "../../src/liveness/tracked-frame.js";

/** How open two eyes are, by what they are when open: 1 is open, 0 is closed. */
export type Openness = (timeMs: number) => number;

export interface EyeClip {
  /** Default 30. */
  readonly fps?: number;
  /** Default 3,000. */
  readonly durationMs?: number;
  /** Times of the frames, in place of a fixed rate. */
  readonly timesMs?: readonly number[];
  /** Eye aspect ratio of open eyes. Default 0.3. */
  readonly open?: number;
  readonly openRight?: number;
  /** Default always 1. */
  readonly left?: Openness;
  /** Default as `left`. */
  readonly right?: Openness;
  /** Standard deviation of the openness, by that of open eyes. Default 0.02. */
  readonly noise?: number;
  readonly face?: (timeMs: number) => Partial<TrackedFace> | undefined;
}

/** A blink: closed at `peakMs` for a moment, in 100 ms downwards and 150 ms upwards. */
export function blinkAt(
  peakMs: number,
  { depth = 0.9, downMs = 100, closedMs = 20, upMs = 150 } = {},
) {
  return (timeMs: number): number => {
    const before = peakMs - closedMs / 2 - timeMs;
    const after = timeMs - peakMs - closedMs / 2;
    const away = before > 0 ? before / downMs : after > 0 ? after / upMs : 0;
    return 1 - depth * (0.5 + 0.5 * Math.cos(Math.PI * Math.min(1, away)));
  };
}

export function allOf(...parts: readonly Openness[]): Openness {
  return (timeMs) => Math.min(...parts.map((part) => part(timeMs)));
}

/** The frames that a tracker would give for such a clip; always the same noise. */
export function eyeClip(clip: EyeClip = {}): TrackedFrame[] {
  const { fps = 30, durationMs = 3000, open = 0.3, openRight = open, noise = 0.02 } = clip;
  const { left = () => 1, right = left, face = () => ({}) } = clip;
  const times =
    clip.timesMs ??
    Array.from({ length: Math.ceil((durationMs * fps) / 1000) }, (_, i) => (i * 1000) / fps);
  const random = normalNumbers(7);
  return times.map((timestampMs, i) => {
    const eyes = {
      left: Math.max(0.02, open * (left(timestampMs) + noise * random())),
      right: Math.max(0.02, openRight * (right(timestampMs) + noise * random())),
    };
    const measured = face(timestampMs);
    return {
      timestampMs,
      facesSeen: undefined,
      face: measured && { ...FACE, followed: i > 0, eyes, ...measured },
    };
  });
}

const FACE: TrackedFace = {
  box: { x: 200, y: 100, width: 200, height: 200 },
  landmarks: [],
  score: 0.99,
  followed: true,
  pose: { yaw: 0, pitch: 0, roll: 0 },
  eyes: { left: 0.3, right: 0.3 },
  eyeGapPx: 90,
  sharpness: 20,
  light: 120,
  template: undefined,
};

/** Box and Muller's, from a linear congruential generator: the same on every machine. */
function normalNumbers(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
