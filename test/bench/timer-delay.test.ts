import { expect, test } from "vitest";

import { tickDelays } from "../../bench/timer-delay.js";

test("ticks on time are not late", () => {
  expect(tickDelays(0, 10, [10, 20, 30])).toEqual([0, 0, 0]);
});

test("one late callback stands for every tick that fell due meanwhile", () => {
  expect(tickDelays(0, 10, [10, 45])).toEqual([0, 25, 15, 5]);
});

test("a late callback does not move the grid", () => {
  expect(tickDelays(100, 10, [113, 120])).toEqual([3, 0]);
});

test("work shorter than a tick has no delay to tell of", () => {
  expect(tickDelays(0, 10, [9])).toEqual([]);
});
