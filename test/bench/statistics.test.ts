import { describe, expect, test } from "vitest";

import { difference, percentile, summarise } from "../../bench/statistics.js";

describe("percentile", () => {
  const sorted = [1, 2, 3, 4];

  test("it is the nearest rank, never an interpolation", () => {
    expect(percentile(sorted, 0.5)).toBe(2);
    expect(percentile(sorted, 0.51)).toBe(3);
    expect(percentile(sorted, 0.99)).toBe(4);
  });

  test("the ends are the smallest and the largest sample", () => {
    expect(percentile(sorted, 0)).toBe(1);
    expect(percentile(sorted, 1)).toBe(4);
  });

  test("of 100 samples the 99th is p99", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(percentile(hundred, 0.99)).toBe(99);
  });

  test("no samples, or a fraction beyond 1, is misuse", () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    expect(() => percentile(sorted, 1.5)).toThrow(RangeError);
  });
});

describe("summarise", () => {
  test("it sorts by value and leaves the samples as they were", () => {
    const times = [10, 9, 100, 1];
    expect(summarise(times)).toEqual({
      samples: 4,
      p50Ms: 9,
      p99Ms: 100,
      minMs: 1,
      maxMs: 100,
      meanMs: 30,
    });
    expect(times).toEqual([10, 9, 100, 1]);
  });
});

describe("difference", () => {
  test("equal vectors do not differ", () => {
    const { maxAbsolute, euclidean, cosineDistance } = difference([3, 4], [3, 4]);
    expect([maxAbsolute, euclidean]).toEqual([0, 0]);
    expect(cosineDistance).toBeCloseTo(0);
  });

  test("it gives the largest element, the length and the angle", () => {
    const { maxAbsolute, euclidean, cosineDistance } = difference([3, 0], [0, 4]);
    expect([maxAbsolute, euclidean]).toEqual([4, 5]);
    expect(cosineDistance).toBeCloseTo(1);
  });

  test("vectors of different lengths are misuse", () => {
    expect(() => difference([1], [1, 2])).toThrow(RangeError);
  });
});
