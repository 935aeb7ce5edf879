import { CountenanceError } from "./errors.js";

/**
 * How often two different people's faces come as close as a distance, for one model and pipeline.
 * `points` grow strictly in distance and do not fall in `fmr`.
 */
export interface Calibration {
  /** True until the table comes from the evaluation of a later release. */
  readonly provisional: boolean;
  /** The pictures and the comparisons that the table was counted on. */
  readonly source: string;
  readonly points: readonly { readonly distance: number; readonly fmr: number }[];
}

/**
 * The estimated false match rate of one comparison at a distance.
 *
 * Between two points of the table the logarithm of the rate is interpolated. Below the first point
 * the first rate is returned: an upper bound, since the table cannot tell rarer events apart.
 */
export function fmrAt(calibration: Calibration, distance: number): number {
  const { points } = calibration;
  let below = firstPoint(calibration);
  if (distance <= below.distance) return below.fmr;
  for (const above of points) {
    if (distance <= above.distance) {
      const share = (distance - below.distance) / (above.distance - below.distance || 1);
      return Math.exp(Math.log(below.fmr) * (1 - share) + Math.log(above.fmr) * share);
    }
    below = above;
  }
  return below.fmr;
}

/**
 * The largest distance whose estimated false match rate is at most `fmr`: the inverse of `fmrAt`.
 *
 * Below the table's first rate the line through its first decade is continued. Tails of distances
 * fall faster than that line, so the distance is rather too small than too large; it is an
 * extrapolation all the same. Never below 0.
 */
export function distanceAt(calibration: Calibration, fmr: number): number {
  const { points } = calibration;
  let below = firstPoint(calibration);
  if (fmr < below.fmr) {
    const first = below;
    const decade = points.find((point) => point.fmr >= first.fmr * 10) ?? points.at(-1) ?? first;
    const slope = Math.log(decade.fmr / first.fmr) / (decade.distance - first.distance);
    return Math.max(0, first.distance - Math.log(first.fmr / fmr) / slope);
  }
  for (const above of points) {
    if (above.fmr > fmr) {
      const share = Math.log(fmr / below.fmr) / Math.log(above.fmr / below.fmr);
      return below.distance + (above.distance - below.distance) * share;
    }
    below = above;
  }
  return below.distance;
}

/** The chance that at least one of `comparisons` independent comparisons is a false match. */
export function fmrOfDecision(fmrOfComparison: number, comparisons: number): number {
  return -Math.expm1(comparisons * Math.log1p(-Math.min(fmrOfComparison, 1)));
}

/** What each of `comparisons` comparisons may have, so that the decision has `fmr`. */
export function fmrOfComparison(fmrOfDecision: number, comparisons: number): number {
  return -Math.expm1(Math.log1p(-fmrOfDecision) / Math.max(comparisons, 1));
}

function firstPoint(calibration: Calibration): { distance: number; fmr: number } {
  const [first] = calibration.points;
  if (first === undefined) {
    throw new CountenanceError(
      "COUNTENANCE_MODEL_CORRUPT",
      "calibration: expected points, got none",
    );
  }
  return first;
}
