import { expect, test } from "vitest";

import { comparable } from "../src/pipeline.js";

const origin = (pipeline: string, modelId = "net@1") => ({ modelId, pipeline });

test.each([
  ["mesh/f32", "mesh/f32"],
  ["mesh/f32", "mesh/bf16"],
  ["mesh/bf16", "mesh/f32"],
  ["mesh/int8", "mesh/int8"],
  ["a name without parts", "a name without parts"],
])("vectors of %s and %s compare", (a, b) => {
  expect(comparable(origin(a), origin(b))).toBe(true);
});

test.each([
  ["mesh/f32", "dlib/f32"],
  ["mesh/f32", "dlib/bf16"],
  ["mesh/f32", "mesh/int8"],
  ["mesh/bf16", "mesh/int8"],
  ["mesh/f32", "mesh/f32|bf16x"],
  ["mesh/f32", "mesh/"],
  ["/f32", "/bf16"],
  ["f32", "bf16"],
])("vectors of %s and %s do not", (a, b) => {
  expect(comparable(origin(a), origin(b))).toBe(false);
  expect(comparable(origin(b), origin(a))).toBe(false);
});

test("nor do vectors of two models", () => {
  expect(comparable(origin("mesh/f32"), origin("mesh/f32", "net@2"))).toBe(false);
});
