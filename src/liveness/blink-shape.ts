import { quantile, type EyeSample } from "./blink-signal.js";

/**
 * What is looked at before a dip's lowest sample, and after it. Together 3 s: eyes narrow and widen
 * over seconds (a smile, the light), and a blink with what is around it is a tenth of that.
 */
export const HISTORY_MS = 2000;
export const LOOKAHEAD_MS = 1000;

/**
 * Of the openness in these 3 s: what eyes have when open. Anything in 0.75..0.85 gives the same blinks
 * on the labelled clips; below, a clip with much squinting takes its squint for open eyes.
 */
const BASELINE_QUANTILE = 0.8;
/** Half of the longest blink (400 ms), and time in which the eyes are seen open. */
const SHOULDER_MS = 450;
/** Lids that open and close again need longer: lower samples nearer than this are the same dip. */
const NEIGHBOUR_MS = 100;
/** Openness below which eyes are on their way: two near misses without more between are one. */
const CLOSING_RATIO = 0.75;
/** Before and after a dip: two frames at 30 per second. */
const MOTION_MARGIN_MS = 70;
/** Of the changes from frame to frame; at the median, a fluttering person's noise hides his blinks. */
const NOISE_QUANTILE = 0.4;
/** The same quantile of the absolute value of a normal variable with standard deviation 1. */
const NORMAL_AT_QUANTILE = 0.5244;

/** Why one side of a dip could not be seen to its end. */
export type CutOff = "EDGE" | "FACE_LOST";

/** A dip of both eyes' openness. Openness is told by what these eyes have when open: 1 is open. */
export interface DipShape {
  readonly peakMs: number;
  /** Where the openness is a quarter of the way down, between two samples. */
  readonly startMs: number;
  readonly endMs: number;
  /** Where it is half of the way down. */
  readonly halfStartMs: number;
  readonly halfEndMs: number;
  /** Since when it has not been above three quarters. */
  readonly closingSinceMs: number;
  /** Openness at the lowest sample, the mean of both eyes. */
  readonly ratio: number;
  /** The most open sample on each side, and of these two the lower one. */
  readonly shoulder: number;
  /** From the lowest sample up to the shoulder. */
  readonly prominence: number;
  /** The same of one eye. */
  readonly leftProminence: number;
  readonly rightProminence: number;
  /** The more open eye, where that is lowest within the dip: both eyes are as closed in one frame. */
  readonly wider: number;
  /** Robust standard deviation of the change from frame to frame. */
  readonly noise: number;
  /** Degrees: the furthest turn, and how much yaw and pitch change. */
  readonly yaw: number;
  readonly yawRange: number;
  readonly pitchRange: number;
  /** By how much the face grows or shrinks, as the logarithm of a factor. */
  readonly scaleRange: number;
  /** Why the lower shoulder may not be what there was: undefined where it was seen. */
  readonly cutOff: CutOff | undefined;
}

/** The dip whose lowest sample is `samples[k]`; undefined where there is none. */
export function dipAt(samples: readonly EyeSample[], k: number): DipShape | undefined {
  const lowest = samples[k];
  if (lowest?.eyes === undefined) return undefined;
  const peakMs = lowest.timeMs;
  const context = samples.filter(
    ({ timeMs }) => timeMs >= peakMs - HISTORY_MS && timeMs <= peakMs + LOOKAHEAD_MS,
  );
  const eyes = new Openness(context);
  const at = context.indexOf(lowest);
  const both = new Outline(context, at, (i) => eyes.both(i));
  if (!both.isLowest()) return undefined;

  const [halfStart, halfEnd] = both.level(0.5);
  if (both.lowestIn(halfStart, halfEnd) < both.bottom) return undefined; // a flank of a deeper one
  const [start, end] = both.level(0.75);
  const prominenceOf = (eye: (i: number) => number) => {
    const outline = new Outline(context, at, eye);
    return outline.shoulder - outline.lowestIn(halfStart, halfEnd);
  };
  let closing = at;
  while (closing > 0 && eyes.both(closing - 1) <= CLOSING_RATIO) closing--;
  return {
    peakMs,
    startMs: start.timeMs,
    endMs: end.timeMs,
    halfStartMs: halfStart.timeMs,
    halfEndMs: halfEnd.timeMs,
    closingSinceMs: timeOf(context, closing),
    ratio: both.bottom,
    shoulder: both.shoulder,
    prominence: both.prominence,
    leftProminence: prominenceOf((i) => eyes.left(i)),
    rightProminence: prominenceOf((i) => eyes.right(i)),
    wider: lowestOf((i) => Math.max(eyes.left(i), eyes.right(i)), halfStart, halfEnd),
    noise: eyes.noise(),
    cutOff: both.cutOff,
    ...motionIn(context, start.timeMs - MOTION_MARGIN_MS, end.timeMs + MOTION_MARGIN_MS),
  };
}

/** How open each eye is by what it is when open: a high quantile of what is seen of it. */
class Openness {
  readonly #samples: readonly EyeSample[];
  readonly #left: number;
  readonly #right: number;

  constructor(samples: readonly EyeSample[]) {
    const seen = samples.flatMap(({ eyes }) => eyes ?? []);
    this.#samples = samples;
    this.#left = quantile(
      seen.map(({ left }) => left),
      BASELINE_QUANTILE,
    );
    this.#right = quantile(
      seen.map(({ right }) => right),
      BASELINE_QUANTILE,
    );
  }

  /** NaN where no eye was measured. */
  left(i: number): number {
    return (this.#samples[i]?.eyes?.left ?? NaN) / this.#left;
  }

  right(i: number): number {
    return (this.#samples[i]?.eyes?.right ?? NaN) / this.#right;
  }

  both(i: number): number {
    return (this.left(i) + this.right(i)) / 2;
  }

  /** From a low quantile of the changes between neighbours: blinks hardly move it. */
  noise(): number {
    const changes = this.#samples.flatMap(({ joined }, i) =>
      joined && i > 0 ? [Math.abs(this.both(i) - this.both(i - 1))] : [],
    );
    return quantile(changes, NOISE_QUANTILE) / NORMAL_AT_QUANTILE;
  }
}

/** Where a curve crosses a level: its time, and the last sample below. */
interface Crossing {
  readonly timeMs: number;
  readonly index: number;
}

function lowestOf(value: (i: number) => number, from: Crossing, to: Crossing): number {
  let lowest = Infinity;
  for (let i = from.index; i <= to.index; i++) lowest = Math.min(lowest, value(i));
  return lowest;
}

/** A curve around its lowest sample: as far as the face was followed, and no further than shoulders. */
class Outline {
  readonly bottom: number;
  readonly shoulder: number;
  readonly cutOff: CutOff | undefined;
  readonly #first: number;
  readonly #last: number;

  constructor(
    private readonly samples: readonly EyeSample[],
    private readonly k: number,
    private readonly value: (i: number) => number,
  ) {
    const [before, after] = [this.#side(-1), this.#side(1)];
    [this.#first, this.#last] = [before.reach, after.reach];
    this.bottom = value(k);
    this.shoulder = Math.min(before.height, after.height);
    this.cutOff = before.height < after.height ? before.cutOff : after.cutOff;
  }

  get prominence(): number {
    return this.shoulder - this.bottom;
  }

  /** Whether no sample close by is lower; of equal ones the first is. */
  isLowest(): boolean {
    for (let i = this.#first; i <= this.#last; i++) {
      const apartMs = Math.abs(timeOf(this.samples, i) - timeOf(this.samples, this.k));
      if (apartMs > NEIGHBOUR_MS) continue;
      const value = this.value(i);
      if (value < this.bottom || (value === this.bottom && i < this.k)) return false;
    }
    return true;
  }

  /** Where the curve comes down to, and leaves, a share of the way from its bottom to its shoulder. */
  level(share: number): readonly [Crossing, Crossing] {
    const level = this.bottom + share * this.prominence;
    return [this.#crossing(-1, level), this.#crossing(1, level)];
  }

  lowestIn(from: Crossing, to: Crossing): number {
    return lowestOf(this.value, from, to);
  }

  #side(step: 1 | -1) {
    const start = timeOf(this.samples, this.k);
    let height = this.value(this.k);
    for (let i = this.k; ; i += step) {
      height = Math.max(height, this.value(i));
      const next = this.samples[i + step];
      const cutOff = (cause?: CutOff) => ({ height, reach: i, cutOff: cause });
      if (next === undefined) return cutOff("EDGE");
      if (Math.abs(next.timeMs - start) > SHOULDER_MS) return cutOff();
      const isJoined = (step > 0 ? next : this.samples[i])?.joined ?? false;
      if (!isJoined) return cutOff("FACE_LOST");
    }
  }

  #crossing(step: 1 | -1, level: number): Crossing {
    const reach = step < 0 ? this.#first : this.#last;
    let index = this.k;
    while (index !== reach && this.value(index + step) < level) index += step;
    const timeMs = timeOf(this.samples, index);
    if (index === reach) return { timeMs, index };
    const below = this.value(index);
    const share = (level - below) / (this.value(index + step) - below);
    return { timeMs: timeMs + share * (timeOf(this.samples, index + step) - timeMs), index };
  }
}

function motionIn(samples: readonly EyeSample[], fromMs: number, toMs: number) {
  const during = samples.filter(
    ({ eyes, timeMs }) => eyes !== undefined && timeMs >= fromMs && timeMs <= toMs,
  );
  const range = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  return {
    yaw: Math.max(...during.map(({ yaw }) => Math.abs(yaw))),
    yawRange: range(during.map(({ yaw }) => yaw)),
    pitchRange: range(during.map(({ pitch }) => pitch)),
    scaleRange: range(during.map(({ eyeGapPx }) => Math.log(eyeGapPx))),
  };
}

function timeOf(samples: readonly EyeSample[], i: number): number {
  return samples[i]?.timeMs ?? NaN;
}
