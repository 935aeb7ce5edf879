import { expect, test } from "vitest";

import {
  perJob,
  ratiosOf,
  throughputRatio,
  withFmaShare,
  withReadShare,
  type Row,
} from "../../bench/case.js";
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

test("a share of the read bandwidth is bytes by time, by those of the row that only reads", () => {
  const rows: Row[] = [
    { name: "read", ...summarise([10]) },
    { name: "ours", ...summarise([2]) },
    { name: "unknown", ...summarise([2]) },
    { name: "absent", unavailable: "not here" },
  ];
  expect(withReadShare(rows, "read", { read: 100, ours: 10, absent: 10 })).toMatchObject([
    { readShare: 1 },
    { name: "ours", readShare: 0.5 },
    { name: "unknown", p50Ms: 2 },
    { name: "absent", unavailable: "not here" },
  ]);
  expect(withReadShare(rows.slice(1), "read", { read: 100, ours: 10 })).toEqual(rows.slice(1));
});

test("iterations of several jobs are told per job", () => {
  const row = { name: "batch", ...summarise([16, 32]), perSecond: 2, note: "FAISS" };
  expect(perJob(row, 16, "queries")).toMatchObject({
    p50Ms: 1,
    maxMs: 2,
    perSecond: 32,
    note: "FAISS; 16 queries at a time, told per one",
  });
  expect(perJob({ name: "absent", unavailable: "not here" }, 16, "queries")).toEqual({
    name: "absent",
    unavailable: "not here",
  });
});
