import { expect, test } from "vitest";

import { parseCoreList } from "../../bench/cores.js";

test("a list of cores is single numbers and ranges", () => {
  expect(parseCoreList("0-3,8\n")).toEqual([0, 1, 2, 3, 8]);
  expect(parseCoreList("5")).toEqual([5]);
});

test("anything else is misuse", () => {
  for (const list of ["", "a", "3-1", "1-x", "-1"]) {
    expect(() => parseCoreList(list)).toThrow(RangeError);
  }
});
