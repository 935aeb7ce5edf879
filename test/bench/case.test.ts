import { expect, test } from "vitest";

import { ratiosOf, type Row } from "../../bench/case.js";
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
