import { integerIn, numberIn } from "../internal/validate.js";

/** Bounds of a rate, 0..1. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The most trials that an interval is computed for: the continued fraction is tested up to here. */
const MAX_TRIALS = 1_000_000_000;

/**
 * The exact interval of a binomial rate: the rates under which so few or so many events are no
 * surprise. It never covers less than `confidence`, however small the sample (Clopper and Pearson,
 * Biometrika 26, 1934); 0 of 2 tells that the rate is at most 0.84, and nothing more.
 *
 * @param events  How many of `trials` there were: 0..trials.
 * @param trials  Independent ones: clips, not the frames of one clip. None at all leaves 0..1.
 * @param confidence  In 0.5..0.999999, of both sides together.
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`.
 */
export function clopperPearson(events: number, trials: number, confidence = 0.95): Interval {
  integerIn("trials", trials, 0, MAX_TRIALS);
  integerIn("events", events, 0, trials);
  const tail = (1 - numberIn("confidence", confidence, 0.5, 0.999999)) / 2;
  return {
    low: events === 0 ? 0 : betaQuantile(tail, events, trials - events + 1),
    // From the other end, where it is a small number and keeps its digits.
    high: events === trials ? 1 : 1 - betaQuantile(tail, trials - events, events + 1),
  };
}

/** The x at which the beta distribution has `probability` below it. */
function betaQuantile(probability: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  // Halving ends where no number lies between: less than 1,100 times, as doubles reach 2^-1074.
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (betaProbability(middle, a, b) < probability) low = middle;
    else high = middle;
  }
}

/**
 * The regularised incomplete beta function I_x(a, b), for 0 < x < 1 and a, b >= 1: the continued
 * fraction of DLMF 8.17.22, on the side on which it converges fast.
 */
export function betaProbability(x: number, a: number, b: number): number {
  const front = Math.exp(
    a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b),
  );
  if (x > (a + 1) / (a + b + 2)) return 1 - (front / b) * betaFraction(1 - x, b, a);
  return (front / a) * betaFraction(x, a, b);
}

/** Evaluated from its front (Lentz's method, as modified by Thompson and Barnett, 1986). */
function betaFraction(x: number, a: number, b: number): number {
  const least = 1e-300; // instead of a denominator of 0
  const away = (value: number) => (Math.abs(value) < least ? least : value);
  // Terms until rounding hides them: about the root of the larger parameter, so 100,000 is plenty.
  const maxTerms = 100_000;
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < maxTerms; ++m) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < Number.EPSILON) break;
  }
  return value;
}

/** The logarithm of the gamma function for z >= 1: Stirling's series, DLMF 5.11.1. */
function logGamma(z: number): number {
  // From 16 on, what the series leaves out is below 1e-14: smaller z are moved up by z! = z (z-1)!.
  let moved = z;
  let product = 1;
  while (moved < 16) product *= moved++;
  const inverse = 1 / (moved * moved);
  const series =
    (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680)))) / moved;
  return (
    (moved - 0.5) * Math.log(moved) - moved + Math.log(2 * Math.PI) / 2 + series - Math.log(product)
  );
}
