import { type Bytes, floats, node, onnxBytes } from "./onnx-bytes.js";

/** What the tiny network says for a picture of one colour: its classes are so many times these. */
export const TINY_SLOPE = 0.1;

/**
 * An ONNX file with the operations of MiniFASNetV1SE (PReLU, depthwise convolutions, squeeze-excite,
 * a sum, a fully connected end with batch norm), 80 x 80 pixels in, three classes out, and weights
 * that can be reckoned by hand: for blue, green, red it gives 0, TINY_SLOPE * (red - blue), 0. Warm
 * pictures are live, cold ones are not.
 */
export function tinyMinifasnet(classes = 3): Uint8Array {
  const parts: Bytes[] = [];
  const centre = [0, 0, 0, 0, 1, 0, 0, 0, 0];
  const nothing = new Array<number>(9).fill(0);
  const identity = [0, 1, 2].flatMap((to) =>
    [0, 1, 2].flatMap((from) => (to === from ? centre : nothing)),
  );
  const half = { strides: [2, 2], pads: [1, 1, 1, 1], kernel_shape: [3, 3] };
  parts.push(
    floats("stem.w", [3, 3, 3, 3], identity),
    floats("stem.b", [3], [0, 0, 0]),
    node("Conv", ["input", "stem.w", "stem.b"], "stem", half),
    floats("slope", [3, 1, 1], [0.25, 0.25, 0.25]),
    node("PRelu", ["stem", "slope"], "bent"),
  );
  // Squeeze-excite by a half: sigmoid(0), whatever is squeezed; what it takes is added again.
  parts.push(
    node("GlobalAveragePool", ["bent"], "mean"),
    floats("squeeze.w", [1, 3, 1, 1], [1, 1, 1]),
    node("Conv", ["mean", "squeeze.w"], "squeezed", { kernel_shape: [1, 1] }),
    node("Relu", ["squeezed"], "positive"),
    floats("excite.w", [3, 1, 1, 1], [0, 0, 0]),
    node("Conv", ["positive", "excite.w"], "excited", { kernel_shape: [1, 1] }),
    node("Sigmoid", ["excited"], "share"),
    node("Mul", ["bent", "share"], "scaled"),
    node("Add", ["scaled", "scaled"], "map40"),
  );
  for (const side of [40, 20, 10]) {
    parts.push(
      floats(`w${String(side)}`, [3, 1, 3, 3], [...centre, ...centre, ...centre]),
      node("Conv", [`map${String(side)}`, `w${String(side)}`], `map${String(side / 2)}`, {
        ...half,
        group: 3,
      }),
    );
  }
  const ends = [0, TINY_SLOPE, 0].flatMap((slope) => [-slope, 0, slope]); // [class][channel]
  parts.push(
    floats("last.w", [3, 1, 5, 5], new Array<number>(75).fill(1 / 25)),
    node("Conv", ["map5", "last.w"], "point", { group: 3, kernel_shape: [5, 5] }),
    node("Flatten", ["point"], "flat"),
    floats("to.w", [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]),
    node("MatMul", ["flat", "to.w"], "row"),
    ...["gamma", "beta", "running", "variance"].map((name, i) =>
      floats(name, [3], new Array<number>(3).fill([2, 0, 0, 4][i] ?? 0)),
    ),
    node("BatchNormalization", ["row", "gamma", "beta", "running", "variance"], "normal", {
      epsilon: { float: 0 },
    }),
    floats(
      "out.w",
      [3, classes],
      [0, 1, 2].flatMap((channel) =>
        Array.from({ length: classes }, (_, kind) => ends[3 * kind + channel] ?? 0),
      ),
    ),
    node("MatMul", ["normal", "out.w"], "output"),
  );
  return onnxBytes({ input: [1, 3, 80, 80], outputs: ["output"], parts });
}
