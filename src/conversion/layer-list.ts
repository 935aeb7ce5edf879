import type { ConvertedNetwork, Layer, Output, Shape, Value, Window } from "./layer.js";
import { networkFile } from "./network-file.js";
import { refuse } from "./refuse.js";

const POINT: Window = { kernel: 1, stride: 1, before: 0, after: 0 };

/** Far above every network of ours: what a hostile file can make us, and the engine, reserve. */
const MAX_LAYERS = 2000;
const MAX_SIDE = 8192;
/** Of all maps together: 256 MB. */
const MAX_VALUES = 1 << 26;
/** Weights, biases and slopes of all layers: 64 MB. Layers may share a file's, but not ours. */
const MAX_NUMBERS = 1 << 24;

/**
 * A network under construction. Each call adds a layer and returns its value; shapes are checked as
 * they come.
 */
export class LayerList {
  readonly #input: Shape;
  readonly #layers: Layer[] = [];
  #values = 0;
  #numbers = 0;

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

  /** Ends the network. */
  network(
    outputs: readonly Output[],
    properties: Readonly<Record<string, string>>,
  ): ConvertedNetwork {
    return {
      bytes: networkFile(this.#input, this.#layers, outputs, properties),
      input: this.#input,
      outputs: new Map(outputs.map(({ name, value }) => [name, this.shape(value)])),
    };
  }

  #push(layer: Partial<Layer> & Pick<Layer, "kind" | "a" | "shape">): Value {
    if (this.#layers.length === MAX_LAYERS) refuse(`more than ${String(MAX_LAYERS)} layers`);
    this.#count(layer.shape);
    for (const numbers of [layer.weights, layer.bias, layer.slope]) {
      this.#numbers += numbers?.length ?? 0;
    }
    if (this.#numbers > MAX_NUMBERS) refuse(`more than ${String(MAX_NUMBERS)} weights`);
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
