import { ModelFileWriter } from "./model-file-writer.js";
import { refuse } from "./refuse.js";

/** One map of a network, rows of pixels of channels. */
export interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A map by its number: 0 is the network's input, layer i makes i + 1. */
export type Value = number;

/** Square kernels; `before` pads the top and the left, `after` the bottom and the right. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
}

export type Activation = "none" | "relu" | "prelu" | "sigmoid";

export interface Output {
  /** By which our own code asks for it. */
  readonly name: string;
  readonly value: Value;
}

/** A network in our container, and what it takes in and gives out. */
export interface ConvertedNetwork {
  readonly bytes: Uint8Array;
  readonly input: Shape;
  /** By name. */
  readonly outputs: ReadonlyMap<string, Shape>;
}

/** What the container's rows say, and `affine`, which exists only before `lowered()`. */
type Kind =
  | "convolution"
  | "depthwise"
  | "add"
  | "maxPool"
  | "mean"
  | "padChannels"
  | "scale"
  | "enlarge"
  | "activation"
  | "affine";

/** Numbers of the file format: native/nn/network.cpp. */
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

interface Layer {
  kind: Kind;
  a: Value;
  b: Value;
  readonly window: Window;
  readonly shape: Shape;
  activation: Activation;
  /** Convolution: [out][kernel][kernel][in]. Depthwise: [kernel][kernel][channels]. */
  weights?: Float32Array;
  /** A number per channel, as `slope`. */
  bias?: Float32Array;
  slope?: Float32Array;
}

const POINT: Window = { kernel: 1, stride: 1, before: 0, after: 0 };

/** Far above every network of ours: what a hostile file can make us, and the engine, reserve. */
const MAX_LAYERS = 2000;
const MAX_SIDE = 8192;
/** Of all maps together: 256 MB. */
const MAX_VALUES = 1 << 26;

/**
 * A network under construction. Each call adds a layer and returns its value; shapes are checked as
 * they come. Nothing is optimised but what is exact up to rounding: factors per channel (batch
 * norms) go into the convolution in front of them, activations into the layer in front of them, and
 * what no output needs is left out.
 */
export class LayerList {
  readonly #input: Shape;
  readonly #layers: Layer[] = [];
  #values = 0;

  constructor(input: Shape) {
    this.#input = input;
    this.#count(input);
  }

  shape(value: Value): Shape {
    const shape = value === 0 ? this.#input : this.#layers[value - 1]?.shape;
    return shape ?? refuse(`no value ${String(value)}`);
  }

  /** @param weights  [out][kernel][kernel][in] */
  convolution(a: Value, window: Window, weights: Float32Array, bias: Float32Array): Value {
    const { channels } = this.shape(a);
    expectLength(weights, bias.length * window.kernel ** 2 * channels, "weights of a convolution");
    const shape = windowed(this.shape(a), window, bias.length);
    return this.#push({ kind: "convolution", a, window, shape, weights, bias });
  }

  /** @param weights  [kernel][kernel][channels] */
  depthwise(a: Value, window: Window, weights: Float32Array, bias: Float32Array): Value {
    const { channels } = this.shape(a);
    expectLength(weights, window.kernel ** 2 * channels, "weights of a depthwise convolution");
    expectLength(bias, channels, "bias of a depthwise convolution");
    const shape = windowed(this.shape(a), window, channels);
    return this.#push({ kind: "depthwise", a, window, shape, weights, bias });
  }

  /** x * factors[channel] + offsets[channel] */
  affine(a: Value, factors: Float32Array, offsets: Float32Array): Value {
    const shape = this.shape(a);
    expectLength(factors, shape.channels, "factors");
    expectLength(offsets, shape.channels, "offsets");
    return this.#push({ kind: "affine", a, shape, weights: factors, bias: offsets });
  }

  add(a: Value, b: Value): Value {
    const [shape, other] = [this.shape(a), this.shape(b)];
    if (!same(shape, other)) refuse(`a sum of maps of ${text(shape)} and ${text(other)}`);
    return this.#push({ kind: "add", a, b, shape });
  }

  maxPool(a: Value, window: Window): Value {
    const shape = windowed(this.shape(a), window, this.shape(a).channels);
    return this.#push({ kind: "maxPool", a, window, shape });
  }

  /** Of each channel over the whole map. */
  mean(a: Value): Value {
    const shape = { height: 1, width: 1, channels: this.shape(a).channels };
    return this.#push({ kind: "mean", a, shape });
  }

  /** Zeros behind the channels, up to this many. */
  padChannels(a: Value, channels: number): Value {
    const shape = { ...this.shape(a), channels };
    if (channels < this.shape(a).channels) refuse("channels cut off");
    return this.#push({ kind: "padChannels", a, shape });
  }

  /** Squeeze-excite: b has one pixel. */
  scale(a: Value, b: Value): Value {
    const [shape, factors] = [this.shape(a), this.shape(b)];
    if (!same(factors, { height: 1, width: 1, channels: shape.channels })) {
      refuse(`a product of maps of ${text(shape)} and ${text(factors)}`);
    }
    return this.#push({ kind: "scale", a, b, shape });
  }

  /** Each pixel becomes 2 x 2 of the same. */
  enlarge(a: Value): Value {
    const { height, width, channels } = this.shape(a);
    return this.#push({
      kind: "enlarge",
      a,
      shape: { height: 2 * height, width: 2 * width, channels },
    });
  }

  relu(a: Value): Value {
    return this.#push({ kind: "activation", a, shape: this.shape(a), activation: "relu" });
  }

  sigmoid(a: Value): Value {
    return this.#push({ kind: "activation", a, shape: this.shape(a), activation: "sigmoid" });
  }

  /** @param slope  Of what is below 0, per channel. */
  prelu(a: Value, slope: Float32Array): Value {
    const shape = this.shape(a);
    expectLength(slope, shape.channels, "slopes");
    return this.#push({ kind: "activation", a, shape, activation: "prelu", slope });
  }

  /** Ends the network. Its file's properties are `kind`, those given here, and `outputs`. */
  network(
    outputs: readonly Output[],
    properties: Readonly<Record<string, string>>,
  ): ConvertedNetwork {
    const lowered = lower(this.#layers, outputs);
    const writer = new ModelFileWriter();
    writer.property("kind", "network");
    for (const [name, value] of Object.entries(properties)) writer.property(name, value);
    writer.property("outputs", outputs.map(({ name }) => name).join(","));
    const { height, width, channels } = this.#input;
    writer.tensor("input", [3], Int32Array.of(height, width, channels));
    const rows = lowered.layers.map(rowOf);
    writer.tensor("layers", [rows.length, 10], Int32Array.from(rows.flat()));
    writer.tensor("outputs", [outputs.length], Int32Array.from(lowered.outputs));
    lowered.layers.forEach((layer, i) => writeNumbers(writer, layer, i));
    return {
      bytes: writer.bytes(),
      input: this.#input,
      outputs: new Map(outputs.map(({ name, value }) => [name, this.shape(value)])),
    };
  }

  #push(layer: Partial<Layer> & Pick<Layer, "kind" | "a" | "shape">): Value {
    if (this.#layers.length === MAX_LAYERS) refuse(`more than ${String(MAX_LAYERS)} layers`);
    this.#count(layer.shape);
    this.#layers.push({ b: 0, window: POINT, activation: "none", ...layer });
    return this.#layers.length;
  }

  #count(shape: Shape): void {
    const { height, width, channels } = shape;
    const fine = [height, width, channels].every(
      (side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE,
    );
    if (!fine) refuse(`a map of ${text(shape)}`);
    this.#values += height * width * channels;
    if (this.#values > MAX_VALUES) refuse(`more than ${String(MAX_VALUES)} values in its maps`);
  }
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

function windowed(input: Shape, window: Window, channels: number): Shape {
  const { kernel, stride, before, after } = window;
  const numbers = [kernel, stride, before, after];
  const fine = numbers.every((value) => Number.isInteger(value) && value >= 0 && value <= MAX_SIDE);
  // Padding as wide as the kernel would give windows of nothing else.
  if (!fine || kernel === 0 || stride === 0 || Math.max(before, after) >= kernel) {
    refuse(`a window of ${numbers.join(", ")}`);
  }
  const side = (length: number) => Math.floor((length + before + after - kernel) / stride) + 1;
  return { height: side(input.height), width: side(input.width), channels };
}

function expectLength(values: Float32Array, length: number, what: string): void {
  if (values.length !== length) {
    refuse(`${what}: expected ${String(length)} numbers, got ${String(values.length)}`);
  }
}

function same(a: Shape, b: Shape): boolean {
  return a.height === b.height && a.width === b.width && a.channels === b.channels;
}

function text({ height, width, channels }: Shape): string {
  return [height, width, channels].join(" x ");
}
