import { type ProtobufField, readProtobuf } from "./protobuf.js";
import { refuse, shown } from "./refuse.js";

// Numbers of fields, element types and attributes: onnx.proto3 of https://github.com/onnx/onnx.

export interface OnnxTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | readonly number[]; // f32, or int64 as numbers
}

/** An attribute as far as our networks have them. */
export type OnnxAttribute = number | string | OnnxTensor | readonly number[];

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** What a graph takes in or gives out. A side that the file leaves open is `undefined`. */
export interface OnnxPort {
  readonly name: string;
  readonly shape: readonly (number | undefined)[];
}

export interface OnnxGraph {
  /** Of the default operator set. */
  readonly opset: number;
  /** In an order in which each node comes behind those that it reads: ONNX demands it. */
  readonly nodes: readonly OnnxNode[];
  readonly tensors: ReadonlyMap<string, OnnxTensor>;
  /** Without those that name a tensor. */
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

const FLOAT = 1;
const INT64 = 7;

/**
 * Reads an ONNX file (a protocol buffer). Memory is bounded by a small multiple of the file's size.
 * @throws {CountenanceError} `COUNTENANCE_MODEL_CORRUPT` for what is damaged or no ONNX.
 */
export function readOnnx(bytes: Uint8Array): OnnxGraph {
  const model = readProtobuf(bytes);
  const graphs = model.filter(({ number }) => number === 7);
  if (graphs.length !== 1 || graphs[0] === undefined) refuse("expected one ONNX graph");
  const fields = graphs[0].message();
  if (fields.some(({ number }) => number === 15)) refuse("sparse weights");
  const tensors = new Map<string, OnnxTensor>();
  for (const field of all(fields, 5)) {
    const tensor = readTensor(field);
    tensors.set(tensor.name, tensor);
  }
  return {
    opset: opsetOf(model),
    nodes: all(fields, 1).map(readNode),
    tensors,
    inputs: all(fields, 11)
      .map(readPort)
      .filter(({ name }) => !tensors.has(name)),
    outputs: all(fields, 12).map(readPort),
  };
}

function opsetOf(model: readonly ProtobufField[]): number {
  for (const set of all(model, 8).map((field) => field.message())) {
    const domain = last(set, 1)?.text() ?? "";
    if (domain === "" || domain === "ai.onnx") return last(set, 2)?.integer() ?? 0;
  }
  return refuse("it names no operator set");
}

function readNode(field: ProtobufField): OnnxNode {
  const fields = field.message();
  const domain = last(fields, 7)?.text() ?? "";
  if (domain !== "" && domain !== "ai.onnx") refuse(`unknown operator set ${shown(domain)}`);
  const outputs = all(fields, 2).map((output) => output.text());
  return {
    op: last(fields, 4)?.text() ?? "",
    // Names are optional: what a node makes names it too.
    name: shown(last(fields, 3)?.text() ?? outputs[0] ?? ""),
    inputs: all(fields, 1).map((input) => input.text()),
    outputs,
    attributes: new Map(all(fields, 5).map(readAttribute)),
  };
}

function readAttribute(field: ProtobufField): [string, OnnxAttribute] {
  const fields = field.message();
  const name = last(fields, 1)?.text() ?? "";
  const type = last(fields, 20)?.integer() ?? 0;
  switch (type) {
    case 1:
      return [name, last(fields, 2)?.float() ?? 0];
    case 2:
      return [name, last(fields, 3)?.integer() ?? 0];
    case 3:
      return [name, last(fields, 4)?.text() ?? ""];
    case 4:
      return [name, readTensor(last(fields, 5) ?? refuse(`${shown(name)}: it has no tensor`))];
    case 6:
      return [name, all(fields, 7).flatMap((value) => value.floats())];
    case 7:
      return [name, all(fields, 8).flatMap((value) => value.integers())];
    default:
      return refuse(`${shown(name)}: an attribute of the unknown type ${String(type)}`);
  }
}

function readTensor(field: ProtobufField): OnnxTensor {
  const fields = field.message();
  const name = last(fields, 8)?.text() ?? "";
  if (last(fields, 14)?.integer() ?? 0) refuse(`${shown(name)}: weights in another file`);
  const shape = all(fields, 1).flatMap((dims) => dims.integers());
  const values = valuesOf(fields, name);
  const count = shape.reduce((product, side) => product * side, 1);
  if (shape.some((side) => side < 0) || count !== values.length) {
    refuse(`${shown(name)}: its values are not as many as its shape says`);
  }
  return { name, shape, values };
}

function valuesOf(fields: readonly ProtobufField[], name: string): OnnxTensor["values"] {
  const type = last(fields, 2)?.integer();
  const raw = last(fields, 9)?.bytes();
  if (type === FLOAT) {
    const values = raw ? rawFloats(raw) : all(fields, 4).flatMap((field) => field.floats());
    if (!values.every(Number.isFinite)) refuse(`${shown(name)}: weights that are not finite`);
    return Float32Array.from(values);
  }
  if (type === INT64) {
    return raw ? rawIntegers(raw) : all(fields, 7).flatMap((field) => field.integers());
  }
  return refuse(`${shown(name)}: weights of the unknown type ${String(type)}`);
}

function rawFloats(raw: Uint8Array): Float32Array {
  const view = viewOf(raw, 4);
  return Float32Array.from({ length: raw.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

function rawIntegers(raw: Uint8Array): number[] {
  const view = viewOf(raw, 8);
  if (raw.length > 8 * 65_536) refuse("too many integers"); // they are shapes only
  return Array.from({ length: raw.length / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}

function viewOf(raw: Uint8Array, width: number): DataView {
  if (raw.length % width !== 0) refuse("weights of a broken length");
  return new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
}

function readPort(field: ProtobufField): OnnxPort {
  const fields = field.message();
  const tensor = last(last(fields, 2)?.message() ?? [], 1)?.message() ?? [];
  const shape = last(tensor, 2)?.message() ?? [];
  return {
    name: last(fields, 1)?.text() ?? "",
    shape: all(shape, 1).map((side) => last(side.message(), 1)?.integer()),
  };
}

function all(fields: readonly ProtobufField[], number: number): ProtobufField[] {
  return fields.filter((field) => field.number === number);
}

/** Of a field that is not repeated the last one counts. */
function last(fields: readonly ProtobufField[], number: number): ProtobufField | undefined {
  return fields.findLast((field) => field.number === number);
}
