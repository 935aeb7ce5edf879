import { quantile, type EyeSample } from "./blink-signal.js";

/** How far before and after a dip's lowest sample anything is looked at. */
export const HISTORY_MS = 2000;
export const LOOKAHEAD_MS = 1000;

// From the prototype: see blink-rules.ts.
const BASELINE_QUANTILE = 0.7;
const SHOULDER_MS = 450;
const NEIGHBOUR_MS = 100;
const CLOSING_RATIO = 0.75;
const MOTION_MARGIN_MS = 70;

/** Why one side of a dip could not be seen to its end. */
export type CutOff = "EDGE" | "FACE_LOST";

/** A dip of both eyes' openness below what these eyes have when they are open. */
export interface DipShape {
  readonly peakMs: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Since when the openness has not been above `CLOSING_RATIO`. */
  readonly closingSinceMs: number;
  /** Openness at the lowest sample by the open eyes': mean of both eyes. */
  readonly ratio: number;
  /** How far the lower one of both shoulders is above the lowest sample, in the same unit. */
  readonly prominence: number;
  readonly leftProminence: number;
  readonly rightProminence: number;
  /** Where the openness is halfway between the lowest sample and the lower shoulder. */
  readonly halfStartMs: number;
  readonly halfEndMs: number;
  /** Robust standard deviation of the change from frame to frame, in the same unit. */
  readonly noise: number;
  readonly yaw: number;
  readonly yawRange: number;
  readonly pitchRange: number;
  readonly scaleRange: number;
  readonly cutOff: CutOff | undefined;
  readonly base: number;
}

interface Side {
  readonly height: number;
  readonly reach: number;
  readonly cutOff: CutOff | undefined;
}

/** The dip whose lowest sample is `samples[k]`; undefined where there is none. */
export function dipAt(samples: readonly EyeSample[], k: number): DipShape | undefined {
  const lowest = samples[k];
  if (lowest?.eyes === undefined) return undefined;
  const { timeMs } = lowest;
  let first = k;
  while (first > 0 && timeOf(samples, first - 1) >= timeMs - HISTORY_MS) first--;
  let last = k;
  while (last + 1 < samples.length && timeOf(samples, last + 1) <= timeMs + LOOKAHEAD_MS) last++;

  const seen = samples.slice(first, last + 1).flatMap(({ eyes }) => (eyes ? [eyes] : []));
  const leftBase = quantile(
    seen.map(({ left }) => left),
    BASELINE_QUANTILE,
  );
  const rightBase = quantile(
    seen.map(({ right }) => right),
    BASELINE_QUANTILE,
  );
  const left = (i: number) => (samples[i]?.eyes?.left ?? NaN) / leftBase;
  const right = (i: number) => (samples[i]?.eyes?.right ?? NaN) / rightBase;
  const both = (i: number) => (left(i) + right(i)) / 2;
  const ratio = both(k);

  const side = (step: 1 | -1, value: (i: number) => number): Side => {
    let height = value(k);
    let i = k;
    for (;;) {
      const next = i + step;
      const sample = samples[next];
      if (sample === undefined) return { height, reach: i, cutOff: "EDGE" };
      if (Math.abs(sample.timeMs - timeMs) > SHOULDER_MS) {
        return { height, reach: i, cutOff: undefined };
      }
      if (!(samples[step > 0 ? next : i]?.joined ?? false)) {
        return { height, reach: i, cutOff: "FACE_LOST" };
      }
      i = next;
      height = Math.max(height, value(i));
    }
  };
  const before = side(-1, both);
  const after = side(1, both);
  for (let i = before.reach; i <= after.reach; i++) {
    if (i === k || Math.abs(timeOf(samples, i) - timeMs) > NEIGHBOUR_MS) continue;
    if (both(i) < ratio || (both(i) === ratio && i < k)) return undefined;
  }
  const shoulder = Math.min(before.height, after.height);
  const prominence = shoulder - ratio;
  const crossing = (step: 1 | -1, level: number) => {
    const reach = step < 0 ? before.reach : after.reach;
    let i = k;
    while (i !== reach && both(i + step) < level) i += step;
    if (i === reach) return { timeMs: timeOf(samples, i), index: i };
    const share = (level - both(i)) / (both(i + step) - both(i));
    const from = timeOf(samples, i);
    return { timeMs: from + share * (timeOf(samples, i + step) - from), index: i };
  };
  const half = ratio + prominence / 2;
  const [halfStart, halfEnd] = [crossing(-1, half), crossing(1, half)];
  for (let i = halfStart.index; i <= halfEnd.index; i++) if (both(i) < ratio) return undefined;
  const wide = ratio + prominence * 0.75;
  const [start, end] = [crossing(-1, wide), crossing(1, wide)];

  let closingFrom = k;
  while (closingFrom > first && both(closingFrom - 1) <= CLOSING_RATIO) closingFrom--;

  const prominenceOf = (eye: (i: number) => number) => {
    const shoulders = Math.min(side(-1, eye).height, side(1, eye).height);
    let lowestOfEye = Infinity;
    for (let i = halfStart.index; i <= halfEnd.index; i++) {
      lowestOfEye = Math.min(lowestOfEye, eye(i));
    }
    return shoulders - lowestOfEye;
  };
  const changes: number[] = [];
  for (let i = first + 1; i <= last; i++) {
    if (samples[i]?.joined === true) changes.push(Math.abs(both(i) - both(i - 1)));
  }
  const during = samples.filter(
    ({ eyes, timeMs: t }) =>
      eyes !== undefined &&
      t >= start.timeMs - MOTION_MARGIN_MS &&
      t <= end.timeMs + MOTION_MARGIN_MS,
  );
  const range = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  return {
    peakMs: timeMs,
    startMs: start.timeMs,
    endMs: end.timeMs,
    closingSinceMs: timeOf(samples, closingFrom),
    ratio,
    prominence,
    leftProminence: prominenceOf(left),
    rightProminence: prominenceOf(right),
    halfStartMs: halfStart.timeMs,
    halfEndMs: halfEnd.timeMs,
    noise: 1.4826 * quantile(changes, 0.5),
    yaw: Math.max(...during.map(({ yaw }) => Math.abs(yaw))),
    yawRange: range(during.map(({ yaw }) => yaw)),
    pitchRange: range(during.map(({ pitch }) => pitch)),
    scaleRange: range(during.map(({ eyeGapPx }) => Math.log(eyeGapPx))),
    cutOff: before.height < after.height ? before.cutOff : after.cutOff,
    base: (leftBase + rightBase) / 2,
  };
}

function timeOf(samples: readonly EyeSample[], i: number): number {
  return samples[i]?.timeMs ?? NaN;
}
