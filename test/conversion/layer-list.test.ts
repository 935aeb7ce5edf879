import { expect, test } from "vitest";

import type { Value } from "../../src/conversion/layer.js";
import { LayerList } from "../../src/conversion/layer-list.js";

import { run } from "./run.js";

const failure = (code: string): unknown => expect.objectContaining({ code });
const point = { kernel: 1, stride: 1, before: 0, after: 0 };
const f32 = (...values: number[]) => Float32Array.from(values);

/** The rows of `layers`: kind, a, b ... activation, 0. */
function rowsOf(bytes: Uint8Array): number[][] {
  const file = Buffer.from(bytes);
  const at = file.indexOf("\x06\0\0\0layers");
  const rows = Number(file.readBigUInt64LE(at + 18));
  const offset = Number(file.readBigUInt64LE(at + 34));
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: 10 }, (_, i) => file.readInt32LE(offset + 40 * row + 4 * i)),
  );
}

function network(
  build: (layers: LayerList) => Value,
  input = { height: 1, width: 2, channels: 2 },
) {
  const layers = new LayerList(input);
  return layers.network([{ name: "y", value: build(layers) }], {});
}

test("factors per channel and an activation go into the convolution in front of them", () => {
  const made = network((layers) => {
    const sum = layers.convolution(0, point, f32(1, 2, 3, 4), f32(1, -1));
    return layers.prelu(layers.affine(sum, f32(2, -1), f32(0, 10)), f32(0.5, 0.25));
  });
  expect(rowsOf(made.bytes)).toEqual([[1, 0, 0, 1, 1, 0, 0, 2, 2, 0]]);
  // Pixel (1, 1): 2 * (3 + 1), -(7 - 1) + 10. Pixel (-2, 0): 2 * (-2 + 1) * .5, 6 + 1 + 10.
  expect(run(made, [1, 1, -2, 0])).toEqual({ y: [8, 4, -1, 17] });
});

test("they go into a depthwise convolution too", () => {
  const made = network((layers) =>
    layers.relu(
      layers.affine(layers.depthwise(0, point, f32(3, 5), f32(1, 1)), f32(1, -1), f32(0, 0)),
    ),
  );
  expect(rowsOf(made.bytes)).toHaveLength(1);
  expect(run(made, [1, 1, -1, -1])).toEqual({ y: [4, 0, 0, 4] });
});

test("what another layer reads as well stays as it is", () => {
  const made = network((layers) => {
    const sum = layers.convolution(0, point, f32(1, 0, 0, 1), f32(0, 0));
    return layers.add(layers.relu(sum), layers.affine(sum, f32(10, 10), f32(0, 0)));
  });
  expect(rowsOf(made.bytes).map(([kind]) => kind)).toEqual([1, 9, 2, 3]);
  expect(run(made, [1, -1, -2, 2])).toEqual({ y: [11, -10, -20, 22] });
});

test("an output is not changed by what reads it", () => {
  const layers = new LayerList({ height: 1, width: 1, channels: 1 });
  const sum = layers.convolution(0, point, f32(2), f32(0));
  const made = layers.network(
    [
      { name: "sum", value: sum },
      { name: "positive", value: layers.relu(sum) },
    ],
    {},
  );
  expect(run(made, [-3])).toEqual({ sum: [-6], positive: [0] });
});

test("factors of the input, or behind an activation, become a layer of their own", () => {
  const made = network((layers) => {
    const shifted = layers.affine(0, f32(2, 3), f32(-1, 1));
    return layers.affine(layers.relu(shifted), f32(1, 1), f32(5, 5));
  });
  expect(rowsOf(made.bytes).map(([kind]) => kind)).toEqual([2, 2]);
  expect(run(made, [0, 0, 1, 1])).toEqual({ y: [5, 6, 6, 9] });
});

test("what no output needs is left out", () => {
  const made = network((layers) => {
    layers.sigmoid(0);
    const kept = layers.relu(0);
    layers.add(kept, kept);
    return kept;
  });
  expect(rowsOf(made.bytes)).toHaveLength(1);
});

test("every kind of layer does what it says", () => {
  const input = { height: 2, width: 2, channels: 1 };
  const window = { kernel: 2, stride: 2, before: 0, after: 0 };
  const values = [1, 2, 3, 6];
  const of = (build: (layers: LayerList) => Value) => run(network(build, input), values)["y"];
  expect(of((layers) => layers.maxPool(0, window))).toEqual([6]);
  expect(of((layers) => layers.mean(0))).toEqual([3]);
  expect(of((layers) => layers.scale(0, layers.mean(0)))).toEqual([3, 6, 9, 18]);
  expect(of((layers) => layers.padChannels(0, 2))).toEqual([1, 0, 2, 0, 3, 0, 6, 0]);
  expect(of((layers) => layers.sigmoid(layers.affine(0, f32(0), f32(0))))).toEqual([
    0.5, 0.5, 0.5, 0.5,
  ]);
  expect(of((layers) => layers.enlarge(0))).toEqual([
    1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 6, 6, 3, 3, 6, 6,
  ]);
  // Padding below and to the right only, as TF does with an even side and stride 2.
  const uneven = { kernel: 3, stride: 2, before: 0, after: 1 };
  const ones = f32(1, 1, 1, 1, 1, 1, 1, 1, 1);
  expect(of((layers) => layers.convolution(0, uneven, ones, f32(0)))).toEqual([12]);
});

const big = { height: 8192, width: 8192, channels: 1 };
test.each<[string, (layers: LayerList) => unknown]>([
  ["a sum of unlike maps", (layers) => layers.add(0, layers.mean(0))],
  ["a product with more than a pixel", (layers) => layers.scale(0, 0)],
  ["weights that do not fit", (layers) => layers.convolution(0, point, f32(1), f32(1))],
  ["depthwise weights that do not fit", (layers) => layers.depthwise(0, point, f32(1), f32(1, 1))],
  ["a bias that does not fit", (layers) => layers.depthwise(0, point, f32(1, 1), f32(1))],
  ["slopes that do not fit", (layers) => layers.prelu(0, f32(1))],
  ["factors that do not fit", (layers) => layers.affine(0, f32(1), f32(1, 1))],
  ["fewer channels than there are", (layers) => layers.padChannels(0, 1)],
  ["more channels than memory", (layers) => layers.padChannels(0, 2 ** 31)],
  ["a kernel larger than its map", (layers) => layers.maxPool(0, { ...point, kernel: 3 })],
  ["a stride of 0", (layers) => layers.maxPool(0, { ...point, stride: 0 })],
  ["a kernel of 0", (layers) => layers.maxPool(0, { ...point, kernel: 0 })],
  ["a stride that is not whole", (layers) => layers.maxPool(0, { ...point, stride: 0.5 })],
  ["a pool of padding only", (layers) => layers.maxPool(0, { ...point, before: 1, after: 1 })],
  ["a value that nobody made", (layers) => layers.relu(7)],
  ["an input without pixels", () => new LayerList({ height: 0, width: 1, channels: 1 })],
  ["maps larger than memory", () => new LayerList(big).relu(0)],
  [
    "layers without end",
    (layers) => {
      for (let value = 0; ;) value = layers.relu(value);
    },
  ],
])("%s is MODEL_CORRUPT", (_what, build) => {
  expect(() => build(new LayerList({ height: 1, width: 2, channels: 2 }))).toThrow(
    failure("COUNTENANCE_MODEL_CORRUPT"),
  );
});
