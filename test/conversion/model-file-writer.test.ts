import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { ModelFileWriter } from "../../src/conversion/model-file-writer.js";

// test/native/model_file_test.cpp makes the same calls.
test("the bytes are those that the native writer makes of the same calls", () => {
  const writer = new ModelFileWriter();
  writer.property("id", "tiny");
  writer.property("licence", "f\u00fcr alle");
  writer.tensor("numbers", [2, 3], Float32Array.of(1, -2.5, 0, 1e-3, 4e6, 0.1));
  writer.tensor("counts", [3], Int32Array.of(7, -1, 2 ** 31 - 1));
  writer.tensor("none", [0], new Float32Array());
  const golden = readFileSync(join(import.meta.dirname, "../golden/model-file-v1.bin"));
  expect(Buffer.from(writer.bytes())).toEqual(golden);
});

test("a tensor of another size than its shape is refused", () => {
  expect(() => new ModelFileWriter().tensor("x", [2, 2], new Float32Array(3))).toThrow(RangeError);
});
