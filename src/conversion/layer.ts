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

/** What the container's rows say, and `affine`, which exists only before `networkFile()`. */
export type Kind =
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

/** One layer, which makes a map. */
export interface Layer {
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
