import { floats, integers, node, onnxBytes, type Bytes } from "./onnx-bytes.js";

/** Numbers that are small, unlike and the same everywhere. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => (((i + seed) * 37) % 101) / 101 - 0.5);
}

/**
 * An ONNX file of YuNet's shape and outputs (cls, obj, bbox, kps at strides 8, 16, 32), with four
 * channels and made-up weights: no file that is not in the project is needed to test the way from
 * `models add` to the engine.
 * @param side  Of the input; `undefined` leaves it open, as in yunet_n_dynamic.onnx.
 */
export function tinyYunet(side: number | undefined): Uint8Array {
  const parts: Bytes[] = [integers("point", [-1]), integers("batch", [1])];
  const conv = (from: string, to: string, inputs: number, outputs: number, stride = 1) => {
    parts.push(
      floats(`${to}.w`, [outputs, inputs, 3, 3], numbers(outputs * inputs * 9, to.length)),
      floats(`${to}.b`, [outputs], numbers(outputs, 5)),
      node("Conv", [from, `${to}.w`, `${to}.b`], to, {
        strides: [stride, stride],
        pads: [1, 1, 1, 1],
        kernel_shape: [3, 3],
      }),
    );
    return to;
  };
  const relu = (from: string) => (parts.push(node("Relu", [from], `${from}.r`)), `${from}.r`);
  const pool = (from: string) => {
    parts.push(node("MaxPool", [from], `${from}.p`, { kernel_shape: [2, 2], strides: [2, 2] }));
    return `${from}.p`;
  };

  const half = relu(conv("input", "stem", 3, 4, 2));
  const at8 = pool(relu(conv(pool(half), "quarter", 4, 4)));
  const at16 = pool(relu(conv(at8, "eighth", 4, 4)));
  const at32 = pool(relu(conv(at16, "sixteenth", 4, 4)));
  parts.push(
    floats("twice", [4], [1, 1, 2, 2]),
    floats("roi", [0], []),
    node("Resize", [at32, "roi", "twice"], "larger", {
      mode: "nearest",
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    }),
    node("Add", [at16, "larger"], "joined"),
  );

  const outputs: string[] = [];
  const levels = [
    ["8", at8],
    ["16", "joined"],
    ["32", at32],
  ] as const;
  for (const [kind, channels] of [
    ["cls", 1],
    ["obj", 1],
    ["bbox", 4],
    ["kps", 10],
  ] as const) {
    parts.push(integers(`${kind}.channels`, [channels]));
    for (const [stride, from] of levels) {
      const name = `${kind}_${stride}`;
      const head = conv(from, `${name}.map`, 4, channels);
      const probability = channels === 1;
      parts.push(
        node("Transpose", [head], `${name}.pixels`, { perm: [0, 2, 3, 1] }),
        // As exporters do where the batch is open: the target is computed from the shape.
        node("Shape", [head], `${name}.shape`),
        node("Gather", [`${name}.shape`, "batch.index"], `${name}.count`, { axis: 0 }),
        node("Concat", [`${name}.count`, "point", `${kind}.channels`], `${name}.target`, {
          axis: 0,
        }),
        node("Reshape", [`${name}.pixels`, `${name}.target`], probability ? `${name}.rows` : name),
      );
      if (probability) parts.push(node("Sigmoid", [`${name}.rows`], name));
      outputs.push(name);
    }
  }
  parts.push(integers("batch.index", [0]));
  return onnxBytes({ input: [1, 3, side, side], outputs, parts });
}
