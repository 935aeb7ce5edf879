import { expect, test } from "vitest";

import { recallOf, squaredDistance } from "../../bench/recall.js";

const nearest = [1, 2, 3, 4];
const found = (...squared: number[]) => squared.map((one, row) => ({ row, squared: one }));

test("recall is the share of the nearest that were found", () => {
  expect(recallOf(nearest, found(1, 2, 3, 4))).toBe(1);
  expect(recallOf(nearest, found(4, 1, 9, 2))).toBe(0.75);
  expect(recallOf(nearest, [])).toBe(0);
});

test("a row as near as the last of the nearest may stand for it", () => {
  expect(recallOf(nearest, found(1, 2, 3, 4 * (1 + 1e-7)))).toBe(1);
  expect(recallOf(nearest, found(1, 2, 3, 4 * (1 + 1e-5)))).toBe(0.75);
});

test("a row that an answer repeats counts once", () => {
  const twice = { row: 7, squared: 1 };
  expect(recallOf(nearest, [twice, twice, twice, twice])).toBe(0.25);
});

test("an answer of more rows than asked for is no better than all of them", () => {
  expect(recallOf([1, 1], found(1, 1, 1, 1))).toBe(1);
});

test("recall needs a truth", () => {
  expect(() => recallOf([], [])).toThrow(RangeError);
});

test("squared distances are sums in double precision", () => {
  expect(squaredDistance(Float32Array.of(1, 2, 4), Float32Array.of(1, 4, 1))).toBe(13);
  expect(squaredDistance(Float32Array.of(4096.5), Float32Array.of(0))).toBe(4096.5 ** 2);
});
