import { expect, test } from "vitest";

import { compareAll, matchRateAt, resamples } from "../../bench/accuracy/match-rates.js";

/** Vectors on a line: distances are differences. */
function onLine(places: readonly number[]): Float32Array {
  const vectors = new Float32Array(places.length * 128);
  places.forEach((place, i) => (vectors[i * 128] = place));
  return vectors;
}

test("the threshold is the first distance that would let too many strangers match", () => {
  // Person 0 at 0 and 1, person 1 at 3, person 2 at 4: strangers at 1, 2, 3, 3, 4.
  const comparisons = compareAll(onLine([0, 1, 3, 4]), [0, 0, 1, 2], 5, 10);
  expect(comparisons.closeStrangers.map(({ distance }) => distance)).toEqual([1, 2, 3, 3, 4]);
  expect(matchRateAt(comparisons, 0.1)).toEqual({ threshold: 1, rate: 0 });
  expect(matchRateAt(comparisons, 0.2)).toEqual({ threshold: 2, rate: 1 });
});

test("mated pairs are of a person's first pictures alone", () => {
  const comparisons = compareAll(onLine([0, 1, 2, 9]), [0, 0, 0, 1], 2, 10);
  expect(comparisons.mated).toEqual([{ distance: 1, person: 0 }]);
});

test("a person who was not drawn does not count, one drawn twice counts twice", () => {
  const comparisons = compareAll(onLine([0, 0.5, 3, 5.5, 9]), [0, 0, 1, 1, 2], 5, 10);
  expect(matchRateAt(comparisons, 0.5, [1, 1, 0]).rate).toBe(1);
  expect(matchRateAt(comparisons, 0.01, [2, 1, 0])).toEqual({ threshold: 2.5, rate: 2 / 3 });
});

test("too few strangers are refused", () => {
  const comparisons = compareAll(onLine([0, 3]), [0, 1], 5, 1);
  expect(() => matchRateAt(comparisons, 0.5)).toThrow(RangeError);
});

test("a resample draws as many people as there are, and the same ones again", () => {
  const drawn = resamples(50, 3);
  for (const weights of drawn) expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(50);
  expect(resamples(50, 3)).toEqual(drawn);
});
