import { expect, test } from "vitest";

import { median } from "../../src/liveness/median.js";

test.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[1, 2, 10, 4], 3],
  [[10, 9, 100], 10],
])("the median of %j is %d", (values, expected) => {
  const given = [...values];
  expect(median(given)).toBe(expected);
  expect(given).toEqual(values);
});

test("there is no median of nothing", () => {
  expect(median([])).toBeNaN();
});
