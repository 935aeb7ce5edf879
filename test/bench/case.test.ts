import { expect, test } from "vitest";

import { ratiosOf, throughputRatio, withFmaShare, type Row } from "../../bench/case.js";
import { summarise } from "../../bench/statistics.js";

const rows: readonly Row[] = [
  { name: "ours", ...summarise([2]) },
  { name: "slower", ...summarise([5]) },
  { name: "absent", unavailable: "no such machine" },
];

test("a ratio is the peer's median by ours: above 1 ours is faster", () => {
  expect(ratiosOf(rows, "ours", ["slower"])).toEqual({ "ours/slower": 2.5 });
});

test("the keys are there whatever could run", () => {
  expect(ratiosOf(rows, "ours", ["absent", "unheard-of"])).toEqual({
    "ours/absent": null,
    "ours/unheard-of": null,
  });
  expect(ratiosOf(rows, "absent", ["slower"])).toEqual({ "absent/slower": null });
});

test("a row's share is its arithmetic by its time by the peak", () => {
  const [ours, slower, absent] = withFmaShare(rows, 100, { ours: 150, absent: 150 });
  expect(ours).toMatchObject({ name: "ours", fmaShare: 0.75 }); // 150 MFLOP in 2 ms: 75 GFLOP/s
  expect(slower).not.toHaveProperty("fmaShare");
  expect(absent).not.toHaveProperty("fmaShare");
});

test("without a known peak there is no share", () => {
  expect(withFmaShare(rows, 0, { ours: 150 })).toEqual(rows);
});

test("a ratio of throughputs is ours by the peer's", () => {
  const many: readonly Row[] = [
    { name: "two", ...summarise([2]), perSecond: 300 },
    { name: "one", ...summarise([1]), perSecond: 150 },
    ...rows,
  ];
  expect(throughputRatio(many, "two", "one")).toBe(2);
  expect(throughputRatio(many, "two", "ours")).toBe(null);
  expect(throughputRatio(many, "absent", "one")).toBe(null);
});
