import { expect, test } from "vitest";

import { clopperPearson } from "../../src/evaluate/clopper-pearson.js";

test.each([
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 5.
  [81, 263, 0.2527, 0.3676],
  [15, 148, 0.0578, 0.1617],
  [0, 20, 0, 0.1684],
  [1, 29, 0.0009, 0.1776],
])("%i of %i has the published 95 %% interval", (events, trials, low, high) => {
  const interval = clopperPearson(events, trials);
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

test.each([
  // SciPy 1.17.1: beta.ppf(tail, x, n - x + 1) and beta.ppf(1 - tail, x + 1, n - x).
  [0, 2, 0.95, 0, 0.841886116991581],
  [1, 10, 0.95, 0.0025285785444617865, 0.4450161170281954],
  [10, 10, 0.95, 0.6915028921812392, 1],
  [2, 3, 0.5, 0.3263518223330697, 0.9085602964160698],
  [3, 20, 0.9, 0.04216940788577861, 0.3436638043142818],
  [20, 100, 0.99, 0.10841054146659902, 0.32122641285279835],
  [123, 100_000, 0.95, 0.0010223513683246849, 0.0014673898394555115],
  [1, 1_000_000, 0.95, 2.53178076637942e-8, 5.571630655166939e-6],
  [250_000, 1_000_000, 0.95, 0.24915153568554574, 0.2508499125965476],
])("%i of %i at confidence %d is as SciPy computes it", (events, trials, confidence, low, high) => {
  const interval = clopperPearson(events, trials, confidence);
  expect(Math.abs(interval.low - low)).toBeLessThanOrEqual(1e-9 * low);
  expect(Math.abs(interval.high - high)).toBeLessThanOrEqual(1e-9 * high);
});

test("no trials tell nothing", () => {
  expect(clopperPearson(0, 0)).toEqual({ low: 0, high: 1 });
});

test("what happened and what did not are each other's mirror", () => {
  const happened = clopperPearson(3, 17);
  const did = clopperPearson(14, 17);
  expect(happened.low).toBeCloseTo(1 - did.high, 14);
  expect(happened.high).toBeCloseTo(1 - did.low, 14);
});

test("with no event at all the upper bound is the root of the tail", () => {
  // (1 - p)^n = 0.025
  expect(clopperPearson(0, 365).high).toBeCloseTo(1 - 0.025 ** (1 / 365), 14);
});

test.each([
  [3, 2, 0.95],
  [-1, 2, 0.95],
  [0.5, 2, 0.95],
  [0, -1, 0.95],
  [0, 2, 1],
  [0, 2, Number.NaN],
])("%d events of %d at confidence %d are refused", (events, trials, confidence) => {
  expect(() => clopperPearson(events, trials, confidence)).toThrow(
    expect.objectContaining({ code: "COUNTENANCE_INVALID_ARGUMENT" }),
  );
});
