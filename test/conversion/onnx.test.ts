import { describe, expect, test } from "vitest";

import type { ConvertedNetwork } from "../../src/conversion/layer.js";
import { convertOnnx } from "../../src/conversion/onnx.js";
import { CountenanceError } from "../../src/errors.js";
import {
  type Attribute,
  type Bytes,
  bytesField,
  floats,
  integerField,
  integers,
  node,
  onnxBytes,
  textField,
} from "./onnx-bytes.js";
import { run } from "./run.js";
import { tinyYunet } from "./tiny-yunet.js";

const failure = (code: string): unknown => expect.objectContaining({ code });

/** A network from `input`, of one picture [1, channels, height, width], to `y`. */
function convert(shape: readonly [number, number, number], ...parts: readonly Bytes[]) {
  return convertOnnx({
    bytes: onnxBytes({ input: [1, ...shape], outputs: ["y"], parts }),
    properties: {},
  });
}

const y = (made: ConvertedNetwork, ...input: readonly number[]) => run(made, input)["y"];
const at = (
  op: string,
  inputs: readonly string[],
  attributes?: Readonly<Record<string, Attribute>>,
) => node(op, inputs, "y", attributes);

describe("an operation computes what ONNX says:", () => {
  test("Conv, whose weights are [out][in][rows][columns]", () => {
    const weights = [1, 2, 3, 4, 10, 20, 30, 40];
    const made = convert([2, 2, 2], floats("w", [1, 2, 2, 2], weights), at("Conv", ["input", "w"]));
    // Pixels of two channels: (1, 5), (2, 6), (3, 7), (4, 8).
    expect(y(made, 1, 5, 2, 6, 3, 7, 4, 8)).toEqual([1 + 4 + 9 + 16 + 50 + 120 + 210 + 320]);
  });

  test("Conv with bias, padding and stride", () => {
    const parts = [floats("w", [1, 1, 2, 2], [2, 3, 5, 7]), floats("b", [1], [100])];
    const conv = at("Conv", ["input", "w", "b"], { pads: [1, 1, 0, 0], strides: [2, 2] });
    const made = convert([1, 3, 3], ...parts, conv);
    const expected = [7 * 1, 5 * 2 + 7 * 3, 3 * 4 + 7 * 7, 2 * 5 + 3 * 6 + 5 * 8 + 7 * 9];
    expect(y(made, 1, 2, 3, 4, 5, 6, 7, 8, 9)).toEqual(expected.map((value) => value + 100));
    expect(made.outputs.get("y")).toEqual({ height: 2, width: 2, channels: 1 });
  });

  test("depthwise Conv", () => {
    const parts = [floats("w", [2, 1, 2, 2], [1, 2, 3, 4, 10, 20, 30, 40])];
    const made = convert([2, 2, 2], ...parts, at("Conv", ["input", "w"], { group: 2 }));
    expect(y(made, 1, 5, 2, 6, 3, 7, 4, 8)).toEqual([1 + 4 + 9 + 16, 50 + 120 + 210 + 320]);
  });

  test("BatchNormalization, folded and alone", () => {
    const parts = [
      ...[floats("g", [2], [2, 1]), floats("b", [2], [1, 0])],
      ...[floats("m", [2], [3, 0]), floats("v", [2], [4, 1])],
    ];
    const norm = at("BatchNormalization", ["input", "g", "b", "m", "v"], {
      epsilon: { float: 0 },
      momentum: { float: 0.9 },
    });
    expect(y(convert([2, 1, 1], ...parts, norm), 5, 7)).toEqual([3, 7]);
  });

  test("PRelu with a slope per channel, and with one for all", () => {
    const each = [floats("s", [2, 1, 1], [0.5, 2]), at("PRelu", ["input", "s"])];
    const all = [floats("s", [1], [0.25]), at("PRelu", ["input", "s"])];
    expect(y(convert([2, 1, 2], ...each), -2, -2, 1, 1)).toEqual([-1, -4, 1, 1]);
    expect(y(convert([2, 1, 1], ...all), -2, -4)).toEqual([-0.5, -1]);
  });

  test("Relu, Sigmoid, Identity, Dropout, Add, MaxPool, GlobalAveragePool", () => {
    const parts = [
      ...[node("Relu", ["input"], "r"), node("Identity", ["r"], "i"), node("Dropout", ["i"], "d")],
      node("Add", ["d", "input"], "a"),
      node("MaxPool", ["a"], "p", { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 0 }),
      node("GlobalAveragePool", ["p"], "m"),
      at("Sigmoid", ["m"]),
    ];
    const made = convert([1, 2, 4], ...parts);
    expect(y(made, -1, -2, 0, 0, -3, -4, 0, 1)).toEqual([
      expect.closeTo(1 / (1 + Math.exp(-0.5)), 6),
    ]);
  });

  test("Mul by a map of one pixel, on either side", () => {
    for (const order of [
      ["input", "m"],
      ["m", "input"],
    ]) {
      const made = convert([1, 1, 2], node("GlobalAveragePool", ["input"], "m"), at("Mul", order));
      expect(y(made, 2, 4)).toEqual([6, 12]);
    }
  });

  test("Resize by scales, by sizes, and Upsample", () => {
    const modes = {
      mode: "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    };
    const scales = [floats("s", [4], [1, 1, 2, 2]), at("Resize", ["input", "", "s"], modes)];
    const sizes = [integers("s", [1, 1, 2, 4]), at("Resize", ["input", "", "", "s"], modes)];
    const older = [
      floats("s", [4], [1, 1, 2, 2]),
      at("Upsample", ["input", "s"], { mode: "nearest" }),
    ];
    for (const parts of [scales, sizes, older]) {
      expect(y(convert([1, 1, 2], ...parts), 1, 2)).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
    }
  });

  // Channels (1, 2) of the first pixel and (3, 4) of the second: ONNX's row is 1, 3, 2, 4 ... of a
  // square map.
  const pixels = [1, 10, 2, 20, 3, 30, 4, 40];
  const row = [1, 2, 3, 4, 10, 20, 30, 40];
  const weights = row.map((_, i) => i + 1);
  const expected = row.reduce((sum, value, i) => sum + value * (i + 1), 0);

  test("Flatten and MatMul, whose row is in ONNX's order", () => {
    const parts = [node("Flatten", ["input"], "f"), floats("w", [8, 1], weights)];
    expect(y(convert([2, 2, 2], ...parts, at("MatMul", ["f", "w"])), ...pixels)).toEqual([
      expected,
    ]);
  });

  test("Gemm, plain and transposed, and a Reshape to one row", () => {
    const row = [integers("t", [1, -1]), node("Reshape", ["input", "t"], "f")];
    const plain = [floats("w", [8, 1], weights), at("Gemm", ["f", "w"])];
    const turned = [
      ...[floats("w", [1, 8], weights), floats("b", [1], [0.5])],
      at("Gemm", ["f", "w", "b"], { transB: 1, alpha: { float: 1 } }),
    ];
    expect(y(convert([2, 2, 2], ...row, ...plain), ...pixels)).toEqual([expected]);
    expect(y(convert([2, 2, 2], ...row, ...turned), ...pixels)).toEqual([expected + 0.5]);
  });

  test("two fully connected layers with a BatchNormalization between them", () => {
    const parts = [
      ...[node("Flatten", ["input"], "f"), floats("w", [2, 2], [1, 2, 3, 4])],
      ...[node("MatMul", ["f", "w"], "h"), floats("two", [2], [2, 2]), floats("one", [2], [1, 1])],
      ...[floats("zero", [2], [0, 0]), floats("v", [2, 1], [1, 10])],
      node("BatchNormalization", ["h", "two", "one", "zero", "one"], "n", {
        epsilon: { float: 0 },
      }),
    ];
    // (1 * 5 + 3 * 6, 2 * 5 + 4 * 6) = (23, 34), doubled plus one: 47 + 10 * 69.
    expect(y(convert([2, 1, 1], ...parts, at("MatMul", ["n", "v"])), 5, 6)).toEqual([737]);
  });

  test("Transpose and Reshape at an output, whose numbers lie as ours", () => {
    const parts = [
      node("Transpose", ["input"], "t", { perm: [0, 2, 3, 1] }),
      ...[integers("s", [1, -1, 2]), node("Reshape", ["t", "s"], "r"), at("Sigmoid", ["r"])],
    ];
    const made = convert([2, 2, 1], ...parts);
    expect(made.outputs.get("y")).toEqual({ height: 2, width: 1, channels: 2 });
    expect(y(made, 0, 0, 0, 100)).toEqual([0.5, 0.5, 0.5, 1]);
  });
});

test("YuNet's outputs are maps with its own names", () => {
  for (const side of [96, undefined]) {
    const { input, outputs } = convertOnnx({ bytes: tinyYunet(side), side: 96, properties: {} });
    expect(input).toEqual({ height: 96, width: 96, channels: 3 });
    expect(outputs.size).toBe(12);
    expect(outputs.get("cls_8")).toEqual({ height: 12, width: 12, channels: 1 });
    expect(outputs.get("kps_32")).toEqual({ height: 3, width: 3, channels: 10 });
  }
});

const relu = at("Relu", ["input"]);
const w = floats("w", [1, 1, 1, 1], [1]);
const conv = (attributes: Readonly<Record<string, Attribute>>) => [
  w,
  at("Conv", ["input", "w"], attributes),
];
const resize = (attributes: Readonly<Record<string, Attribute>>, scale = 2) => [
  floats("s", [4], [1, 1, scale, scale]),
  at("Resize", ["input", "", "s"], { coordinate_transformation_mode: "asymmetric", ...attributes }),
];
const flat = node("Flatten", ["input"], "f");
test.each<[string, readonly Bytes[], RegExp]>([
  ["an operation", [at("Softmax", ["input"])], /y: unknown operation Softmax/],
  ["an attribute", conv({ magic: 1 }), /unknown attribute magic/],
  ["an attribute of another type", conv({ group: "one" }), /attribute group/],
  ["automatic padding", conv({ auto_pad: "SAME_UPPER" }), /automatic padding/],
  ["dilation", conv({ dilations: [2, 2] }), /dilated/],
  ["unequal padding", conv({ pads: [0, 1, 0, 1] }), /unequal padding/],
  ["unequal strides", conv({ strides: [1, 2] }), /unequal strides/],
  ["another kernel than its weights", conv({ kernel_shape: [3, 3] }), /square kernel/],
  ["negative padding", conv({ pads: [-1, -1, 0, 0] }), /a window/],
  ["padding as wide as the kernel", conv({ pads: [1, 1, 0, 0] }), /a window/],
  ["padding beyond all bounds", conv({ pads: [2 ** 40, 2 ** 40, 0, 0] }), /a window/],
  ["an oblong kernel", [floats("w", [1, 1, 1, 2], [1, 1]), at("Conv", ["input", "w"])], /square/],
  [
    "groups",
    [floats("w", [4, 1, 1, 1], [1, 1, 1, 1]), at("Conv", ["input", "w"], { group: 2 })],
    /groups/,
  ],
  [
    "a bias of another length",
    [w, floats("b", [2], [1, 1]), at("Conv", ["input", "w", "b"])],
    /bias/,
  ],
  ["weights that are no f32", [integers("w", [1]), at("Conv", ["input", "w"])], /f32/],
  ["missing weights", [at("Conv", ["input", "none"])], /reads none before it is made/],
  ["no weights at all", [at("Conv", ["input"])], /reads +before/],
  ["a weight of no side", [floats("w", [2 ** 40, 0, 1, 1], []), at("Conv", ["input", "w"])], /f32/],
  ["a cycle", [node("Relu", ["y"], "x"), at("Relu", ["x"])], /reads y before/],
  ["itself", [at("Relu", ["y"])], /reads y before/],
  ["a name made twice", [relu, relu], /y is made twice/],
  ["an input made anew", [node("Relu", ["input"], "input"), relu], /made twice/],
  ["no output", [node("Relu", ["input"], "x")], /no output y/],
  ["an output that is a constant", [floats("y", [1], [1])], /no output y/],
  ["another way to resize", resize({ mode: "linear" }), /resize/],
  ["rounding otherwise", resize({ nearest_mode: "ceil" }), /resize/],
  ["resizing by 3", resize({ nearest_mode: "floor" }, 3), /by 2/],
  [
    "a pool that rounds up",
    [at("MaxPool", ["input"], { kernel_shape: [2, 2], ceil_mode: 1 })],
    /mode/,
  ],
  ["a pool without a kernel", [at("MaxPool", ["input"])], /kernel_shape/],
  ["a product of unlike maps", [at("Mul", ["input", "input"])], /product/],
  ["an unknown order", [at("Transpose", ["input"], { perm: [0, 3, 1, 2] })], /order/],
  ["an unknown reshape", [integers("s", [2, 2, 2, 2]), at("Reshape", ["input", "s"])], /reshape/],
  ["an output in ONNX's order", [at("Flatten", ["input"])], /reordered/],
  ["flat rows as a map", [flat, at("GlobalAveragePool", ["f"])], /expected a map/],
  ["slopes of flat rows", [flat, floats("s", [1], [1]), at("PRelu", ["f", "s"])], /channels lie/],
  [
    "a map as one row",
    [floats("w", [4, 1], [1, 1, 1, 1]), at("MatMul", ["input", "w"])],
    /one row/,
  ],
  [
    "weights of another row",
    [flat, floats("w", [5, 1], [1, 1, 1, 1, 1]), at("MatMul", ["f", "w"])],
    /fit/,
  ],
  [
    "a scaled Gemm",
    [flat, floats("w", [4, 1], [1, 1, 1, 1]), at("Gemm", ["f", "w"], { alpha: { float: 2 } })],
    /scaled/,
  ],
  [
    "a Gather that reads past the end",
    [node("Shape", ["input"], "s"), integers("i", [9]), node("Gather", ["s", "i"], "g"), relu],
    /no number 9/,
  ],
  [
    "a training BatchNormalization",
    [
      floats("v", [1], [1]),
      at("BatchNormalization", ["input", "v", "v", "v", "v"], { training_mode: 1 }),
    ],
    /training/,
  ],
  [
    "a negative variance",
    [floats("v", [1], [-1]), at("BatchNormalization", ["input", "v", "v", "v", "v"])],
    /finite/,
  ],
])("%s is refused by name", (_what, parts, message) => {
  expect(() => convert([1, 2, 2], ...parts)).toThrow(failure("COUNTENANCE_MODEL_CORRUPT"));
  expect(() => convert([1, 2, 2], ...parts)).toThrow(message);
});

const whole = { input: [1, 1, 2, 2], outputs: ["y"], parts: [relu] };
test.each<[string, Uint8Array]>([
  ["no bytes", new Uint8Array()],
  ["no graph", Uint8Array.from(integerField(1, 6))],
  ["an old operator set", onnxBytes({ ...whole, opset: 6 })],
  ["a future operator set", onnxBytes({ ...whole, opset: 99 })],
  ["no operator set", onnxBytes(whole).subarray(0, -4)],
  ["an open input", onnxBytes({ ...whole, input: [1, 1, undefined, undefined] })],
  ["two pictures at once", onnxBytes({ ...whole, input: [2, 1, 2, 2] })],
  ["an input that is no picture", onnxBytes({ ...whole, input: [1, 2] })],
  ["an input without pixels", onnxBytes({ ...whole, input: [1, 1, 0, 2] })],
  ["an input larger than memory", onnxBytes({ ...whole, input: [1, 3, 2 ** 31, 2 ** 31] })],
  ["no outputs", onnxBytes({ ...whole, outputs: [] })],
  [
    "an output with a comma",
    onnxBytes({ ...whole, outputs: ["a,b"], parts: [node("Relu", ["input"], "a,b")] }),
  ],
  ["two inputs", onnxBytes({ ...whole, parts: [relu, bytesField(11, textField(1, "more"))] })],
  ["fewer values than the shape", onnxBytes({ ...whole, parts: [relu, floats("w", [2, 2], [1])] })],
  [
    "a shape that overflows",
    onnxBytes({ ...whole, parts: [relu, floats("w", [2 ** 40, 2 ** 40], [])] }),
  ],
  ["a negative side", onnxBytes({ ...whole, parts: [relu, floats("w", [-1, -1], [1])] })],
  ["weights that are not finite", onnxBytes({ ...whole, parts: [relu, floats("w", [1], [NaN])] })],
  [
    "weights in another file",
    onnxBytes({
      ...whole,
      parts: [relu, bytesField(5, [...integerField(2, 1), ...integerField(14, 1)])],
    }),
  ],
  [
    "an unknown type of weights",
    onnxBytes({ ...whole, parts: [relu, bytesField(5, integerField(2, 8))] }),
  ],
  [
    "another operator set",
    onnxBytes({
      ...whole,
      parts: [bytesField(1, [...textField(4, "Relu"), ...textField(7, "com.microsoft")])],
    }),
  ],
])("%s is MODEL_CORRUPT", (_what, bytes) => {
  expect(() => convertOnnx({ bytes, properties: {} })).toThrow(
    failure("COUNTENANCE_MODEL_CORRUPT"),
  );
});

/** Either a network or the one typed error: nothing else may come out. */
function survives(bytes: Uint8Array): boolean {
  try {
    return convertOnnx({ bytes, side: 32, properties: {} }).bytes.length > 0;
  } catch (error) {
    if (error instanceof CountenanceError && error.code === "COUNTENANCE_MODEL_CORRUPT")
      return false;
    throw error;
  }
}

test("what a small file makes of itself again and again is refused before it is large", () => {
  const names = Array.from({ length: 100 }, (_, i) => `v${String(i)}`);
  const next = (i: number) => names[i + 1] ?? "y";
  const doubled = names.map((name, i) => node("Concat", [name, name], next(i), { axis: 0 }));
  const parts = [node("Shape", ["input"], "v0"), ...doubled];
  expect(() => convert([1, 2, 2], ...parts)).toThrow(/more than a shape/);

  const channels = 1000;
  const shared = floats("w", [channels, channels, 1, 1], new Array<number>(channels ** 2).fill(0));
  const chain = names.map((name, i) => node("Conv", [i === 0 ? "input" : name, "w"], next(i)));
  expect(() => convert([channels, 1, 1], shared, ...chain)).toThrow(/weights/);
});

test("a file that ends anywhere too early is MODEL_CORRUPT", () => {
  const bytes = tinyYunet(32);
  // The last field is the operator set, whose absence is refused too.
  for (let length = 0; length < bytes.length; length += 7) {
    expect(survives(bytes.subarray(0, length))).toBe(false);
  }
});

test("damaged bytes give a network or MODEL_CORRUPT, and nothing else", () => {
  const whole = tinyYunet(undefined);
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; // C's example of rand()
    return Math.floor((seed / 2 ** 32) * below);
  };
  let refused = 0;
  for (let round = 0; round < 500; ++round) {
    const bytes = Uint8Array.from(whole);
    for (let i = random(4); i >= 0; --i) bytes[random(bytes.length)] = random(256);
    if (!survives(bytes)) ++refused;
  }
  expect(refused).toBeGreaterThan(100);
});
