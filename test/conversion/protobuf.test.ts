import { expect, test } from "vitest";

import { readProtobuf } from "../../src/conversion/protobuf.js";
import { bytesField, integerField, textField, varint } from "./onnx-bytes.js";

const failure = expect.objectContaining({ code: "COUNTENANCE_MODEL_CORRUPT" });
const read = (...bytes: readonly number[]) => readProtobuf(Uint8Array.from(bytes));
const only = (...bytes: readonly number[]) => {
  const [field] = read(...bytes);
  if (field === undefined) throw new Error("expected a field");
  return field;
};
const float = (value: number) => [...new Uint8Array(Float32Array.of(value).buffer)];

const manyIntegers = new Uint8Array([10, ...varint(70_000)].length + 70_000);
manyIntegers.set([10, ...varint(70_000)]);

test("fields of every wire type are read", () => {
  const fields = read(
    ...integerField(1, 300),
    ...integerField(2, -1),
    ...textField(3, "name"),
    ...varint(4 * 8 + 5),
    ...float(1.5),
    ...varint(1000 * 8 + 1),
    ...[0, 0, 0, 0, 0, 0, 0, 0],
  );
  expect(fields.map(({ number }) => number)).toEqual([1, 2, 3, 4, 1000]);
  expect(fields[0]?.integer()).toBe(300);
  expect(fields[1]?.integer()).toBe(-1);
  expect(fields[2]?.text()).toBe("name");
  expect(fields[3]?.float()).toBe(1.5);
});

test("repeated numbers are read packed and one by one", () => {
  expect(only(...bytesField(1, [...varint(1), ...varint(-2), ...varint(300)])).integers()).toEqual([
    1, -2, 300,
  ]);
  expect(only(...integerField(1, 7)).integers()).toEqual([7]);
  expect(only(...bytesField(1, [...float(1), ...float(-2)])).floats()).toEqual([1, -2]);
  expect(only(...varint(8 + 5), ...float(3)).floats()).toEqual([3]);
});

test("messages lie in messages", () => {
  expect(
    only(...bytesField(1, textField(2, "in")))
      .message()[0]
      ?.text(),
  ).toBe("in");
  expect(read()).toEqual([]);
});

test.each<[string, () => unknown]>([
  ["a tag that ends early", () => read(0x80)],
  ["a number that ends early", () => read(8, 0x80)],
  ["bytes that end early", () => read(10, 5, 1, 2)],
  ["a float that ends early", () => read(13, 0, 0)],
  ["eight bytes that end early", () => read(9, 0)],
  ["a length above the file", () => read(10, ...varint(2 ** 40))],
  ["a negative length", () => read(10, ...varint(-1))],
  ["more than 64 bits", () => read(8, ...new Array<number>(10).fill(0xff), 1)],
  ["an integer above 2^53", () => only(...integerField(1, 2n ** 60n)).integer()],
  ["a group", () => read(11)],
  ["an unknown wire type", () => read(14)],
  ["field number 0", () => read(0, 1)],
  ["a text as an integer", () => only(...textField(1, "x")).integer()],
  ["an integer as a text", () => only(...integerField(1, 5)).text()],
  ["an integer as a message", () => only(...integerField(1, 5)).message()],
  ["an integer as a float", () => only(...integerField(1, 5)).float()],
  ["packed floats of a broken length", () => only(...bytesField(1, [1, 2, 3])).floats()],
  ["packed integers that end early", () => only(...bytesField(1, [0x80])).integers()],
  ["more integers than anybody needs", () => readProtobuf(manyIntegers)[0]?.integers()],
  ["more fields than anybody needs", () => readProtobuf(new Uint8Array(300_000).fill(8))],
])("%s is MODEL_CORRUPT", (_what, damage) => {
  expect(damage).toThrow(failure);
});
