import { expect, test } from "vitest";

import { convertTfjs } from "../../src/conversion/tfjs.js";
import { run } from "./run.js";

const failure = (code: string): unknown => expect.objectContaining({ code });
const text = (value: string) => ({ s: Buffer.from(value).toString("base64") });
const list = (...values: number[]) => ({ list: { i: values.map(String) } });

/** Values by name; float16 where `half` says so. */
interface Weights {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly dtype?: "int32" | "float16" | "uint8";
}

const picture = {
  name: "input",
  op: "Placeholder",
  attr: { shape: { shape: { dim: [1, 4, 4, 1].map((size) => ({ size: String(size) })) } } },
};
const window = {
  strides: list(1, 2, 2, 1),
  padding: text("SAME"),
  data_format: text("NHWC"),
  dilations: list(1, 1, 1, 1),
};
const convolution = {
  name: "conv",
  op: "_FusedConv2D",
  input: ["input", "weights", "bias", "slope"],
  attr: { ...window, fused_ops: { list: { s: [text("BiasAdd").s, text("Prelu").s] } } },
};
const weights: Readonly<Record<string, Weights>> = {
  weights: { shape: [3, 3, 1, 2], values: Array.from({ length: 18 }, (_, i) => (i % 2 ? -1 : 1)) },
  bias: { shape: [2], values: [0.5, 0], dtype: "float16" },
  slope: { shape: [1, 1, 2], values: [1, 0.25] },
};

function bytesOf(all: Readonly<Record<string, Weights>>): Uint8Array {
  const halves = new Map([
    [0.5, 0x3800],
    [0, 0],
    [-2, 0xc000],
    [2 ** -24, 1],
    [Infinity, 0x7c00],
  ]);
  return Buffer.concat(
    Object.values(all).map(({ values, dtype }) =>
      dtype === "float16"
        ? Buffer.from(Uint16Array.from(values, (value) => halves.get(value) ?? NaN).buffer)
        : Buffer.from((dtype ? Int32Array : Float32Array).from(values).buffer),
    ),
  );
}

function graphOf(nodes: readonly object[], all = weights): string {
  const specs = Object.entries(all).map(([name, { shape, dtype }]) => ({
    name,
    shape,
    dtype: dtype === "int32" || dtype === "uint8" ? dtype : "float32",
    ...(dtype === "float16" && { quantization: { dtype: "float16" } }),
  }));
  return JSON.stringify({
    format: "graph-model",
    modelTopology: { node: [picture, ...nodes] },
    weightsManifest: [{ paths: ["x.bin"], weights: specs }],
  });
}

function convert(nodes: readonly object[], output: string, all = weights) {
  const [graph, bytes] = [graphOf(nodes, all), bytesOf(all)];
  return convertTfjs({ graph, weights: bytes, outputs: { y: output }, properties: {} });
}

test("a convolution with bias and slopes, padded unevenly as TF does", () => {
  const made = convert([convolution], "conv");
  expect(made.input).toEqual({ height: 4, width: 4, channels: 1 });
  expect(made.outputs).toEqual(new Map([["y", { height: 2, width: 2, channels: 2 }]]));
  // Rows 0-2, 2-3 of columns 0-2, 2-3 of ones.
  expect(run(made, new Array<number>(16).fill(1))).toEqual({
    y: [9.5, -2.25, 6.5, -1.5, 6.5, -1.5, 4.5, -1],
  });
});

test("weights of 16 bits are exact, down to the smallest", () => {
  const all = {
    ...weights,
    bias: { shape: [2], values: [-2, 2 ** -24], dtype: "float16" },
  } as const;
  const zeros = new Array<number>(16).fill(0);
  expect(run(convert([convolution], "conv", all), zeros)["y"]?.slice(0, 2)).toEqual([-2, 2 ** -24]);
});

const attr = {};
const pads: Weights = { shape: [4, 2], values: [0, 0, 0, 0, 0, 0, 0, 1], dtype: "int32" };
test("depthwise, pool, padded channels, sum, activations and names", () => {
  const all: Record<string, Weights> = {
    each: { shape: [1, 1, 1, 1], values: [2] },
    pads,
    rows: { shape: [3], values: [1, -1, 2], dtype: "int32" },
  };
  const one = { ...window, strides: list(1, 1, 1, 1) };
  const nodes = [
    { name: "each2", op: "DepthwiseConv2dNative", input: ["input", "each"], attr: one },
    { name: "pool", op: "MaxPool", input: ["each2"], attr: { ...window, ksize: list(1, 2, 2, 1) } },
    { name: "pad", op: "Pad", input: ["pool", "pads"], attr },
    { name: "sum", op: "AddV2", input: ["pad", "pad"] },
    { name: "relu", op: "Relu", input: ["sum"], attr },
    { name: "flat", op: "Reshape", input: ["relu", "rows"], attr },
    { name: "end", op: "Identity", input: ["flat:0"], attr },
  ];
  const values = Array.from({ length: 16 }, (_, i) => i - 8);
  expect(run(convert(nodes, "end", all), values)).toEqual({ y: [0, 0, 0, 0, 20, 0, 28, 0] });
  const sigmoid = [...nodes, { name: "s", op: "Sigmoid", input: ["sum"], attr }];
  expect(run(convert(sigmoid, "s", all), new Array<number>(16).fill(0))["y"]?.[0]).toBe(0.5);
});

const changed = (attributes: object) => ({
  ...convolution,
  attr: { ...convolution.attr, ...attributes },
});
const relu = { name: "relu", op: "Relu", input: ["input"] };
test.each<[string, readonly object[], string, RegExp]>([
  [
    "an operation",
    [{ name: "x", op: "Softmax", input: ["input"] }],
    "x",
    /unknown operation Softmax/,
  ],
  ["an attribute", [changed({ magic: list(1) })], "conv", /unknown attribute magic/],
  ["NCHW", [changed({ data_format: text("NCHW") })], "conv", /NHWC/],
  ["dilation", [changed({ dilations: list(1, 2, 2, 1) })], "conv", /dilated/],
  ["unequal strides", [changed({ strides: list(1, 2, 1, 1) })], "conv", /square/],
  ["another padding", [changed({ padding: text("EXPLICIT") })], "conv", /unknown padding EXPLICIT/],
  [
    "a fused operation",
    [changed({ fused_ops: { list: { s: [text("BiasAdd").s, text("Elu").s] } } })],
    "conv",
    /Elu/,
  ],
  ["no bias", [changed({ fused_ops: { list: {} } })], "conv", /fused/],
  ["a missing output", [], "none", /no node none/],
  ["missing weights", [{ ...convolution, input: ["input", "none"] }], "conv", /no weights none/],
  ["a missing input", [{ ...relu, input: [] }], "relu", /lacks an input/],
  [
    "a cycle",
    [
      { ...relu, input: ["sum"] },
      { name: "sum", op: "AddV2", input: ["relu", "input"] },
    ],
    "sum",
    /cycle/,
  ],
  ["two inputs", [{ ...picture, name: "again" }], "input", /one input/],
  ["a name that is none", [{ name: 5, op: "Relu" }], "x", /expected a text/],
])("%s is refused by name", (_what, nodes, output, message) => {
  const error = failure("COUNTENANCE_MODEL_CORRUPT");
  expect(() => convert(nodes, output)).toThrow(error);
  expect(() => convert(nodes, output)).toThrow(message);
});

test("a row of nodes without end is refused before the stack ends", () => {
  const row = Array.from({ length: 20_000 }, (_, i) => ({
    name: `n${String(i)}`,
    op: "Identity",
    input: [i === 0 ? "input" : `n${String(i - 1)}`],
  }));
  expect(() => convert(row, "n19999")).toThrow(/nodes in a row/);
});

test("padding of anything but channels, and a map read after it was reshaped, are refused", () => {
  const rows: Weights = { shape: [2], values: [1, 16], dtype: "int32" };
  const pad = { name: "pad", op: "Pad", input: ["input", "pads"], attr };
  const wide = { pads: { ...pads, values: [0, 0, 1, 1, 0, 0, 0, 0] }, rows };
  expect(() => convert([pad], "pad", wide)).toThrow(/other than behind the channels/);
  const flat = { name: "flat", op: "Reshape", input: ["input", "rows"], attr };
  const after = { ...relu, input: ["flat"] };
  expect(() => convert([flat, after], "relu", { rows })).toThrow(/after it was reshaped/);
  const seven = { rows: { ...rows, values: [1, 7] } };
  expect(() => convert([flat], "flat", seven)).toThrow(/its shape/);
});

test.each<[string, string, Uint8Array]>([
  ["no JSON", "{", bytesOf(weights)],
  ["no graph model", JSON.stringify({ format: "layers-model" }), bytesOf(weights)],
  ["no object", "null", bytesOf(weights)],
  ["no nodes", JSON.stringify({ format: "graph-model", modelTopology: {} }), bytesOf(weights)],
  ["weights that end early", graphOf([convolution]), bytesOf(weights).subarray(4)],
  [
    "bytes behind the weights",
    graphOf([convolution]),
    Buffer.concat([bytesOf(weights), Buffer.of(0)]),
  ],
  [
    "weights that are not finite",
    graphOf([convolution], { ...weights, bias: { shape: [1], values: [0], dtype: "float16" } }),
    bytesOf({ ...weights, bias: { shape: [1], values: [Infinity], dtype: "float16" } }),
  ],
  [
    "weights of another type",
    graphOf([convolution], { bias: { shape: [1], values: [0], dtype: "uint8" } }),
    bytesOf({ bias: { shape: [1], values: [0], dtype: "uint8" } }),
  ],
  [
    "a negative size",
    graphOf([convolution], { bias: { shape: [-1], values: [] } }),
    new Uint8Array(),
  ],
])("%s is MODEL_CORRUPT", (_what, graph, bytes) => {
  const convertDamaged = () =>
    convertTfjs({ graph, weights: bytes, outputs: { y: "conv" }, properties: {} });
  expect(convertDamaged).toThrow(failure("COUNTENANCE_MODEL_CORRUPT"));
});
