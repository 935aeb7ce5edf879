import { SeededRandom } from "./random.js";

/** How a print is held and lit at one moment. */
export interface Moment {
  /** Shift of the face from the middle of the picture, in widths of the face. */
  readonly x: number;
  readonly y: number;
  readonly rollDegrees: number;
  readonly zoom: number;
  /** Tilt of the sheet, away from the camera. */
  readonly yawDegrees: number;
  readonly pitchDegrees: number;
  /** Curvature of the sheet, one by the radius in widths of the face, about an axis at `bendAxis`. */
  readonly bend: number;
  readonly bendAxis: number;
  /** How much the print is squeezed in height at the line of the eyes: 0.2 is by a fifth. */
  readonly squeeze: number;
  /** Factor of the light, and its change over the picture's height. */
  readonly light: number;
  readonly rolling: number;
  readonly occluder: Occluder | undefined;
}

/** A strip before the print: a finger, a pen, a reflection. In widths of the face from its centre. */
export interface Occluder {
  readonly kind: "hand" | "pen" | "reflection";
  /** It lies along the line of the eyes, and passes over both of them at once. */
  readonly isOverBothEyes: boolean;
  readonly x: number;
  readonly y: number;
  readonly angleDegrees: number;
  readonly halfWidth: number;
  readonly halfLength: number;
}

/** What is done to the print in one clip; all follows from the seed. */
export interface StillPlan {
  readonly seed: number;
  readonly facePx: number;
  readonly fps: number;
  readonly crf: number;
  readonly sensorNoise: number;
  /** Share of the time between frames in which the shutter is open. */
  readonly shutter: number;
  at(timeMs: number): Moment;
}

/** Pixels: a quarter of the clips has the smallest faces. */
const FACE_SIZES = [60, 60, 70, 80, 100, 120, 140, 160] as const;

export function stillPlan(seed: number, durationMs: number): StillPlan {
  const random = new SeededRandom(seed);
  const facePx = random.pick(FACE_SIZES);
  const strength = random.pick([0.3, 0.6, 1, 1.5]);
  const x = tremor(random, 0.05 * strength);
  const y = tremor(random, 0.05 * strength);
  const roll = tremor(random, 2 * strength);
  const zoom = tremor(random, 0.02 * strength);
  const swing = (most: number, share: number) =>
    random.chance(share) ? wave(random, most * random.between(0.4, 1)) : () => 0;
  const pan = swing(0.5, 0.4);
  const slowRoll = swing(15, 0.4);
  const slowZoom = swing(0.25, 0.4);
  const yaw = swing(35, 0.35);
  const pitch = swing(35, 0.35);
  const bend = swing(0.6, 0.4);
  const bendAxis = random.pick([0, 90, random.between(0, 180)]);
  const squeeze = swing(0.2, 0.3);
  const exposure = swing(0.25, 0.3);
  const flicker = random.chance(0.3) ? random.between(0.03, 0.15) : 0;
  const flickerHz = random.between(4, 14);
  const rollingHz = random.between(0.5, 3);
  const occluders = random.chance(0.5) ? crossings(random, durationMs) : [];
  return {
    seed,
    facePx,
    fps: random.pick([30, 30, 30, 25, 24]),
    crf: Math.round(random.between(23, 35)),
    sensorNoise: random.between(1, 6),
    shutter: random.between(0.1, 0.9),
    at(timeMs) {
      const seconds = timeMs / 1000;
      const flickering = flicker * Math.sin(2 * Math.PI * flickerHz * seconds);
      return {
        x: x(seconds) + pan(seconds),
        y: y(seconds),
        rollDegrees: roll(seconds) + slowRoll(seconds),
        zoom: Math.exp(zoom(seconds) + slowZoom(seconds)),
        yawDegrees: yaw(seconds),
        pitchDegrees: pitch(seconds),
        bend: bend(seconds),
        bendAxis,
        squeeze: squeeze(seconds),
        light: (1 + exposure(seconds)) * (1 + flickering),
        rolling: flicker * Math.sin(2 * Math.PI * rollingHz * seconds),
        occluder: occluders.find(({ from, to }) => timeMs >= from && timeMs < to)?.at(timeMs),
      };
    },
  };
}

/**
 * Shaking of a hand: what it drifts below 2 Hz, and the tremor of 4 to 12 Hz, which is a tenth of it
 * (physiological tremor of a hand that holds something lies at 8 to 12 Hz, under a millimetre).
 */
function tremor(random: SeededRandom, amplitude: number): (seconds: number) => number {
  const parts = Array.from({ length: 10 }, (_, i) => {
    const isDrift = i < 5;
    return {
      hz: isDrift ? random.between(0.1, 2) : random.between(4, 12),
      size: (amplitude * (isDrift ? 1 : 0.1) * random.normal()) / Math.sqrt(5),
      phase: random.between(0, 2 * Math.PI),
    };
  });
  return (seconds) =>
    parts.reduce((sum, { hz, size, phase }) => {
      return sum + size * Math.sin(2 * Math.PI * hz * seconds + phase);
    }, 0);
}

/** To and fro at up to 2 Hz, faster and slower within the clip: somebody plays with the print. */
function wave(random: SeededRandom, amplitude: number): (seconds: number) => number {
  const hz = random.between(0.2, 2);
  const warp = random.between(0, 1.5);
  const phase = random.between(0, 2 * Math.PI);
  return (seconds) =>
    amplitude * Math.sin(2 * Math.PI * hz * seconds + phase + warp * Math.sin(seconds));
}

interface Crossing {
  readonly from: number;
  readonly to: number;
  at(timeMs: number): Occluder;
}

/** Something passes before the face every second or two: across, or up and down over both eyes. */
function crossings(random: SeededRandom, durationMs: number): readonly Crossing[] {
  const found: Crossing[] = [];
  for (let from = random.between(300, 1500); from < durationMs;) {
    const start = from;
    const to = start + random.between(250, 1800);
    const kind = random.pick<Occluder["kind"]>(["hand", "pen", "reflection"]);
    const downwards = random.chance(0.5);
    const turnsBack = random.chance(0.5);
    const [begin, end] = [random.between(-1.2, -0.7), random.between(0.7, 1.2)];
    const aside = random.between(-0.3, 0.3);
    const angleDegrees = (downwards ? 0 : 90) + random.between(-25, 25);
    const halfWidth = kind === "hand" ? random.between(0.06, 0.2) : random.between(0.015, 0.06);
    const halfLength = kind === "reflection" ? 3 : random.between(0.3, 1.5);
    found.push({
      from: start,
      to,
      at(timeMs) {
        const share = (timeMs - start) / (to - start);
        // One that turns back reaches about the eyes, and leaves as it came.
        const way = turnsBack
          ? begin + (0.9 - begin) * 0.9 * Math.sin(Math.PI * share)
          : begin + (end - begin) * share;
        return {
          kind,
          isOverBothEyes: downwards,
          x: downwards ? aside : way,
          y: downwards ? way : aside,
          angleDegrees,
          halfWidth,
          halfLength,
        };
      },
    });
    from = to + random.between(200, 2000);
  }
  return found;
}
