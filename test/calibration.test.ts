import { describe, expect, test } from "vitest";

import {
  type Calibration,
  distanceAt,
  fmrAt,
  fmrOfComparison,
  fmrOfDecision,
} from "../src/calibration.js";

const table: Calibration = {
  provisional: true,
  source: "made for this test",
  points: [
    { distance: 0.4, fmr: 1e-5 },
    { distance: 0.5, fmr: 1e-3 },
    { distance: 0.6, fmr: 1e-2 },
    { distance: 1.2, fmr: 1 },
  ],
};

describe("fmrAt", () => {
  test("gives a table's own value at its points", () => {
    for (const { distance, fmr } of table.points) {
      expect(fmrAt(table, distance)).toBeCloseTo(fmr, 12);
    }
  });

  test("interpolates the logarithm between two points", () => {
    expect(fmrAt(table, 0.45)).toBeCloseTo(1e-4, 12);
  });

  test("never claims less than the rarest event that was counted", () => {
    expect(fmrAt(table, 0)).toBe(1e-5);
  });

  test("is the last rate beyond the table", () => {
    expect(fmrAt(table, 3)).toBe(1);
  });

  test("never falls as the distance grows", () => {
    let last = 0;
    for (let distance = 0; distance < 2; distance += 0.001) {
      const fmr = fmrAt(table, distance);
      expect(fmr).toBeGreaterThanOrEqual(last);
      last = fmr;
    }
  });
});

describe("distanceAt", () => {
  test("is the inverse of fmrAt", () => {
    for (let distance = 0.4; distance < 1.19; distance += 0.013) {
      expect(distanceAt(table, fmrAt(table, distance))).toBeCloseTo(distance, 9);
    }
  });

  test("continues the first decade's line below the table, down to 0", () => {
    // From 0.4 at 1e-5 to 0.5 at 1e-3: two decades in 0.1.
    expect(distanceAt(table, 1e-6)).toBeCloseTo(0.35, 9);
    expect(distanceAt(table, 1e-7)).toBeCloseTo(0.3, 9);
    expect(distanceAt(table, 1e-300)).toBe(0);
  });
});

describe("rates of decisions", () => {
  test("a decision over one comparison has that comparison's rate", () => {
    expect(fmrOfDecision(1e-4, 1)).toBeCloseTo(1e-4, 15);
  });

  test("a decision over k comparisons is about k times as often false", () => {
    expect(fmrOfDecision(1e-6, 1000)).toBeCloseTo(1e-3, 6);
  });

  test("splitting a rate over comparisons and joining it again gives the rate", () => {
    for (const comparisons of [1, 7, 20_000]) {
      expect(fmrOfDecision(fmrOfComparison(1e-2, comparisons), comparisons)).toBeCloseTo(1e-2, 12);
    }
  });

  test("a rate of one stays one", () => {
    expect(fmrOfDecision(1, 3)).toBe(1);
  });
});
