import type { Activation, Kind, Layer, Output, Shape, Value } from "./layer.js";
import { ModelFileWriter } from "./model-file-writer.js";
import { refuse } from "./refuse.js";

/** Numbers of the file format: native/nn/network_plan.h. */
const KINDS: Readonly<Record<Exclude<Kind, "affine">, number>> = {
  convolution: 1,
  depthwise: 2,
  add: 3,
  maxPool: 4,
  mean: 5,
  padChannels: 6,
  scale: 7,
  enlarge: 8,
  activation: 9,
};
const ACTIVATIONS: readonly Activation[] = ["none", "relu", "prelu", "sigmoid"];

/**
 * Writes a network as our container has it: factors per channel (batch norms) go into the convolution
 * in front of them, activations into the layer in front of them, and what no output needs is left
 * out. Its properties are `kind`, those given here, and `outputs`.
 */
export function networkFile(
  input: Shape,
  layers: readonly Layer[],
  outputs: readonly Output[],
  properties: Readonly<Record<string, string>>,
): Uint8Array {
  const lowered = lower(layers, outputs);
  const writer = new ModelFileWriter();
  writer.property("kind", "network");
  for (const [name, value] of Object.entries(properties)) writer.property(name, value);
  writer.property("outputs", outputs.map(({ name }) => name).join(","));
  writer.tensor("input", [3], Int32Array.of(input.height, input.width, input.channels));
  const rows = lowered.layers.map(rowOf);
  writer.tensor("layers", [rows.length, 10], Int32Array.from(rows.flat()));
  writer.tensor("outputs", [outputs.length], Int32Array.from(lowered.outputs));
  lowered.layers.forEach((layer, i) => writeNumbers(writer, layer, i));
  return writer.bytes();
}

/** The layers that outputs need, in the container's kinds, numbered anew. */
function lower(layers: readonly Layer[], outputs: readonly Output[]) {
  const uses = usesOf(layers, outputs);
  const kept: Layer[] = [];
  const moved: Value[] = [0]; // from a value's number to its new one
  layers.forEach((layer, i) => {
    const a = moved[layer.a] ?? 0;
    const b = moved[layer.b] ?? 0;
    if (uses[i + 1] === 0) {
      moved.push(0);
      return;
    }
    const before = uses[layer.a] === 1 ? kept[a - 1] : undefined;
    if (before === undefined || !absorb(before, layer)) {
      const kind = layer.kind === "affine" ? "depthwise" : layer.kind;
      kept.push({ ...layer, kind, a, b });
      moved.push(kept.length);
    } else {
      moved.push(a);
    }
  });
  return { layers: kept, outputs: outputs.map(({ value }) => moved[value] ?? 0) };
}

/** How often each value is read, by layers that an output needs or as an output. */
function usesOf(layers: readonly Layer[], outputs: readonly Output[]): number[] {
  const uses = new Array<number>(layers.length + 1).fill(0);
  const use = (value: Value) => (uses[value] = (uses[value] ?? 0) + 1);
  for (const { value } of outputs) use(value);
  for (let i = layers.length - 1; i >= 0; --i) {
    const layer = layers[i];
    if (layer === undefined || uses[i + 1] === 0) continue;
    use(layer.a);
    if (layer.kind === "add" || layer.kind === "scale") use(layer.b);
  }
  return uses;
}

/** Makes `layer`, the only reader of `before`, a part of it, where that is possible. */
function absorb(before: Layer, layer: Layer): boolean {
  if (before.activation !== "none") return false;
  if (layer.kind === "activation") {
    before.activation = layer.activation;
    if (layer.slope !== undefined) before.slope = layer.slope;
    return true;
  }
  if (layer.kind !== "affine") return false;
  const { weights, bias } = before;
  const { weights: factors, bias: offsets } = layer;
  if (!weights || !bias || !factors || !offsets) return false;
  const perChannel = before.kind === "convolution" ? weights.length / bias.length : 1;
  const channelOf = (i: number) =>
    before.kind === "convolution" ? Math.floor(i / perChannel) : i % bias.length;
  before.weights = weights.map((weight, i) => weight * (factors[channelOf(i)] ?? 0));
  before.bias = bias.map((value, i) => value * (factors[i] ?? 0) + (offsets[i] ?? 0));
  return true;
}

function rowOf(layer: Layer): number[] {
  const { kind, a, b, window, shape, activation } = layer;
  const number = kind === "affine" ? 0 : KINDS[kind]; // lower() leaves none
  const { kernel, stride, before, after } = window;
  const last = ACTIVATIONS.indexOf(activation);
  return [number, a, b, kernel, stride, before, after, shape.channels, last, 0];
}

function writeNumbers(writer: ModelFileWriter, layer: Layer, i: number): void {
  const { kernel } = layer.window;
  const { channels } = layer.shape;
  const { weights, bias, slope } = layer;
  const name = String(i);
  for (const numbers of [weights, bias, slope]) {
    if (numbers?.every(Number.isFinite) === false)
      refuse(`layer ${name}: numbers that are not finite`);
  }
  if (weights !== undefined && bias !== undefined) {
    const inputs = weights.length / (kernel * kernel * channels);
    const shape =
      layer.kind === "convolution"
        ? [channels, kernel, kernel, inputs]
        : [kernel, kernel, channels];
    writer.tensor(`${name}.weights`, shape, weights);
    writer.tensor(`${name}.bias`, [channels], bias);
  }
  if (slope !== undefined) writer.tensor(`${name}.slope`, [channels], slope);
}
