import type { JsonReader } from "./json-reader.js";
import { refuse, shown } from "./refuse.js";

export interface TfjsTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/**
 * The tensors of a TF.js weights manifest, by name. Weights of 16 bits are exact in 32.
 * @param manifest  `weightsManifest` of a model.json.
 * @param bytes  The one file that it names, whole.
 */
export function readTfjsWeights(manifest: JsonReader, bytes: Uint8Array): Map<string, TfjsTensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tensors = new Map<string, TfjsTensor>();
  let at = 0;
  for (const weight of manifest.list().flatMap((group) => group.at("weights").list())) {
    const name = weight.at("name").text();
    const shape = weight
      .at("shape")
      .list()
      .map((size) => size.integer());
    const count = shape.reduce((product, size) => product * size, 1);
    const half = weight.has("quantization");
    if (half && weight.at("quantization").at("dtype").text() !== "float16") {
      refuse(`${shown(name)}: weights quantised other than to float16`);
    }
    const width = half ? 2 : 4;
    if (!(count >= 0 && count * width <= bytes.length - at)) {
      refuse(`${shown(name)}: the file of weights ends too early`);
    }
    tensors.set(name, { shape, values: read(weight.at("dtype").text(), half, view, at, count) });
    at += count * width;
  }
  if (at !== bytes.length) refuse("bytes behind the last of the weights");
  return tensors;
}

function read(dtype: string, half: boolean, view: DataView, at: number, count: number) {
  const each = <T extends Float32Array | Int32Array>(values: T, one: (i: number) => number): T => {
    for (let i = 0; i < count; ++i) values[i] = one(i);
    return values;
  };
  if (dtype === "float32") {
    return each(new Float32Array(count), (i) =>
      half ? fromHalf(view.getUint16(at + 2 * i, true)) : view.getFloat32(at + 4 * i, true),
    );
  }
  if (dtype === "int32" && !half) {
    return each(new Int32Array(count), (i) => view.getInt32(at + 4 * i, true));
  }
  return refuse(`weights of type ${shown(dtype)}`);
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return refuse("weights that are not finite");
  return (
    sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
  );
}
