/** Writes ONNX files for tests: protocol buffers by hand, fields by their numbers in onnx.proto3. */

export type Bytes = readonly number[];

export function varint(value: number | bigint): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

export const integerField = (field: number, value: number | bigint): Bytes => [
  ...varint(field * 8),
  ...varint(value),
];

export const bytesField = (field: number, bytes: Bytes): Bytes => [
  ...varint(field * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
];

export const textField = (field: number, text: string): Bytes =>
  bytesField(field, [...new TextEncoder().encode(text)]);

const floatBytes = (values: readonly number[]): Bytes => [
  ...new Uint8Array(Float32Array.from(values).buffer),
];

export type Attribute = number | string | readonly number[] | { readonly float: number };

function attributeField(name: string, value: Attribute): Bytes {
  const head = textField(1, name);
  const body =
    typeof value === "number"
      ? [...integerField(3, value), ...integerField(20, 2)]
      : typeof value === "string"
        ? [...textField(4, value), ...integerField(20, 3)]
        : "float" in value
          ? [...varint(2 * 8 + 5), ...floatBytes([value.float]), ...integerField(20, 1)]
          : [...bytesField(8, value.flatMap(varint)), ...integerField(20, 7)];
  return bytesField(5, [...head, ...body]);
}

export function node(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): Bytes {
  return bytesField(1, [
    ...inputs.flatMap((input) => textField(1, input)),
    ...textField(2, output),
    ...textField(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => attributeField(name, value)),
  ]);
}

/** A tensor of f32, in raw bytes as exporters write it. */
export function floats(name: string, shape: readonly number[], values: readonly number[]): Bytes {
  return bytesField(5, [
    ...shape.flatMap((side) => integerField(1, side)),
    ...integerField(2, 1),
    ...textField(8, name),
    ...bytesField(9, floatBytes(values)),
  ]);
}

/** A tensor of int64, one dimension, packed. */
export function integers(name: string, values: readonly number[]): Bytes {
  return bytesField(5, [
    ...integerField(1, values.length),
    ...integerField(2, 7),
    ...bytesField(7, values.flatMap(varint)),
    ...textField(8, name),
  ]);
}

/** An open side is `undefined`. */
function port(field: number, name: string, shape: readonly (number | undefined)[]): Bytes {
  const sides = shape.flatMap((side) =>
    bytesField(1, side === undefined ? textField(2, "side") : integerField(1, side)),
  );
  const tensor = [...integerField(1, 1), ...bytesField(2, sides)];
  return bytesField(field, [...textField(1, name), ...bytesField(2, bytesField(1, tensor))]);
}

export interface OnnxParts {
  readonly input: readonly (number | undefined)[];
  readonly outputs: readonly string[];
  /** From node(), floats() and integers(). */
  readonly parts: readonly Bytes[];
  readonly opset?: number;
}

export function onnxBytes({ input, outputs, parts, opset = 11 }: OnnxParts): Uint8Array {
  const graph = [
    ...parts.flat(),
    ...port(11, "input", input),
    ...outputs.flatMap((name) => port(12, name, [])),
  ];
  return Uint8Array.from([
    ...integerField(1, 6),
    ...bytesField(7, graph),
    ...bytesField(8, integerField(2, opset)),
  ]);
}
