/** Numbers of the file format: `ElementType` in native/nn/model_file.h. */
const F32 = 1;
const I32 = 2;

const MAGIC = "CNTNMODL";
const VERSION = 1;
const HEADER_BYTES = 32;
const ALIGNMENT = 64;

interface Tensor {
  readonly name: Uint8Array;
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/**
 * Makes a model file: the twin of `ModelFileWriter` in native/nn/model_file.cpp, where the layout
 * is described. The same calls give the same bytes, in both languages.
 */
export class ModelFileWriter {
  readonly #properties: (readonly [Uint8Array, Uint8Array])[] = [];
  readonly #tensors: Tensor[] = [];

  property(name: string, value: string): void {
    this.#properties.push([utf8(name), utf8(value)]);
  }

  /** @param values  As many as the product of `shape`, row-major; read when this is called. */
  tensor(name: string, shape: readonly number[], values: Float32Array | Int32Array): void {
    if (shape.reduce((product, size) => product * size, 1) !== values.length) {
      throw new RangeError(`tensor ${name}: its values are not as many as its shape says`);
    }
    const type = values instanceof Float32Array ? F32 : I32;
    this.#tensors.push({ name: utf8(name), type, shape, bytes: littleEndian(values) });
  }

  bytes(): Uint8Array {
    let end = HEADER_BYTES;
    for (const [name, value] of this.#properties) end += 8 + name.length + value.length;
    for (const { name, shape } of this.#tensors) end += 12 + name.length + 8 * (shape.length + 2);
    const offsets = this.#tensors.map(({ bytes }) => {
      const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
      end = offset + bytes.length;
      return offset;
    });

    const out = new Uint8Array(end);
    const view = new DataView(out.buffer);
    let at = 0;
    const raw = (bytes: Uint8Array) => (out.set(bytes, at), (at += bytes.length));
    const u32 = (value: number) => (view.setUint32(at, value, true), (at += 4));
    const u64 = (value: number) => (view.setBigUint64(at, BigInt(value), true), (at += 8));
    const text = (bytes: Uint8Array) => (u32(bytes.length), raw(bytes));

    raw(utf8(MAGIC));
    for (const value of [VERSION, this.#properties.length, this.#tensors.length, 0]) u32(value);
    u64(end);
    for (const [name, value] of this.#properties) {
      text(name);
      text(value);
    }
    this.#tensors.forEach(({ name, type, shape, bytes }, i) => {
      text(name);
      u32(type);
      u32(shape.length);
      shape.forEach(u64);
      u64(offsets[i] ?? 0);
      u64(bytes.length);
    });
    this.#tensors.forEach(({ bytes }, i) => out.set(bytes, offsets[i]));
    return out;
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A copy of the values as the format wants them, on any machine. */
function littleEndian(values: Float32Array | Int32Array): Uint8Array {
  const out = new DataView(new ArrayBuffer(values.length * 4));
  if (values instanceof Float32Array) {
    values.forEach((value, i) => out.setFloat32(4 * i, value, true));
  } else {
    values.forEach((value, i) => out.setInt32(4 * i, value, true));
  }
  return new Uint8Array(out.buffer);
}
