import { JsonReader } from "./json-reader.js";
import type { ConvertedNetwork, Output, Shape, Value, Window } from "./layer.js";
import { LayerList } from "./layer-list.js";
import { refuse, shown } from "./refuse.js";
import { reordered } from "./reordered.js";
import { readTfjsWeights, type TfjsTensor } from "./tfjs-weights.js";

export interface TfjsModel {
  /** The text of model.json. */
  readonly graph: string;
  /** The bytes of the one file of weights that it names. */
  readonly weights: Uint8Array;
  /** Our names for the nodes whose maps we want; the rest of the graph is not looked at. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Written into the model file. */
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * Converts a TF.js graph model (format `graph-model`, NHWC, f32 or float16 weights) to our container.
 * @throws {CountenanceError} `COUNTENANCE_MODEL_CORRUPT` for damage, and by its name for every
 *   operation or attribute that our networks have not.
 */
export function convertTfjs(model: TfjsModel): ConvertedNetwork {
  let parsed: unknown;
  try {
    parsed = JSON.parse(model.graph);
  } catch (cause) {
    refuse("its graph is no JSON", cause);
  }
  const json = new JsonReader(parsed, "model.json");
  if (json.at("format").text() !== "graph-model") refuse("no graph model of TF.js");
  const graph = new Graph(
    json.at("modelTopology").at("node").list(),
    readTfjsWeights(json.at("weightsManifest"), model.weights),
  );
  const outputs: Output[] = Object.entries(model.outputs).map(([name, node]) => ({
    name,
    value: graph.value(node),
  }));
  return graph.layers.network(outputs, model.properties);
}

/** Attributes that change nothing here, whatever they say: types are those of the weights. */
const IDLE = new Set(["T", "Tshape", "Tpaddings", "_cloned", "use_cudnn_on_gpu", "num_args"]);

/** Nodes that wait for one another: each takes a part of the stack. */
const MAX_DEPTH = 1000;

class Graph {
  readonly layers: LayerList;
  readonly #nodes = new Map<string, JsonReader>();
  readonly #weights: ReadonlyMap<string, TfjsTensor>;
  readonly #values = new Map<string, Value>();
  readonly #open = new Set<string>();
  /** Reshaped to rows: nothing but an output may read them. */
  readonly #flat = new Set<Value>();

  constructor(nodes: readonly JsonReader[], weights: ReadonlyMap<string, TfjsTensor>) {
    for (const node of nodes) this.#nodes.set(node.at("name").text(), node);
    this.#weights = weights;
    const inputs = nodes.filter((node) => node.at("op").text() === "Placeholder");
    const [input] = inputs;
    if (input === undefined || inputs.length > 1) refuse("expected one input");
    this.layers = new LayerList(inputShape(input));
    this.#values.set(input.at("name").text(), 0);
  }

  /** The value of a node; what it reads is converted before it. */
  value(reference: string): Value {
    const name = reference.replace(/:0$/, "");
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const node = this.#nodes.get(name) ?? refuse(`no node ${shown(name)}`);
    if (this.#open.has(name)) refuse(`a cycle through node ${shown(name)}`);
    if (this.#open.size === MAX_DEPTH) refuse(`more than ${String(MAX_DEPTH)} nodes in a row`);
    this.#open.add(name);
    const value = this.#convert(new Node(node));
    this.#open.delete(name);
    this.#values.set(name, value);
    return value;
  }

  #convert(node: Node): Value {
    if (node.op === "Identity") {
      node.expectOnly();
      return this.value(node.input(0));
    }
    const a = this.value(node.input(0));
    if (this.#flat.has(a)) refuse(`${node.name}: a map is read after it was reshaped`);
    switch (node.op) {
      case "_FusedConv2D":
        return this.#convolution(node, a);
      case "DepthwiseConv2dNative": {
        const { shape, values } = this.#floats(node.input(1));
        if (shape[3] !== 1) refuse(`${node.name}: more than one map per channel`);
        const window = windowOf(node, this.layers.shape(a), shape);
        return this.layers.depthwise(a, window, values, new Float32Array(shape[2] ?? 0));
      }
      case "AddV2":
        node.expectOnly();
        return this.layers.add(a, this.value(node.input(1)));
      case "Relu":
        node.expectOnly();
        return this.layers.relu(a);
      case "Prelu":
        node.expectOnly();
        return this.layers.prelu(a, this.#floats(node.input(1)).values);
      case "Sigmoid":
        node.expectOnly();
        return this.layers.sigmoid(a);
      case "MaxPool": {
        const [, height = 0, width = 0] = node.integers("ksize");
        return this.layers.maxPool(a, windowOf(node, this.layers.shape(a), [height, width]));
      }
      case "Pad":
        return this.#padChannels(node, a);
      case "Reshape":
        return this.#reshape(node, a);
      default:
        return refuse(`${node.name}: unknown operation ${shown(node.op)}`);
    }
  }

  #convolution(node: Node, a: Value): Value {
    const { shape, values } = this.#floats(node.input(1));
    const [rows = 0, columns = 0, inputs = 0, outputs = 0] = shape;
    const window = windowOf(node, this.layers.shape(a), shape);
    const [first, last = "", ...more] = node.texts("fused_ops");
    if (first !== "BiasAdd" || more.length > 0) refuse(`${node.name}: unknown fused operations`);
    // TF keeps [rows][columns][in][out].
    const weights = reordered(values, [1, rows * columns * inputs, outputs], [0, 2, 1]);
    const sum = this.layers.convolution(a, window, weights, this.#floats(node.input(2)).values);
    if (last === "") return sum;
    if (last === "Relu") return this.layers.relu(sum);
    if (last === "Prelu") return this.layers.prelu(sum, this.#floats(node.input(3)).values);
    return refuse(`${node.name}: unknown fused operation ${shown(last)}`);
  }

  #padChannels(node: Node, a: Value): Value {
    node.expectOnly();
    const paddings = Array.from(this.#tensor(node.input(1)).values);
    const more = paddings.pop() ?? 0;
    if (paddings.length !== 7 || paddings.some((padding) => padding !== 0)) {
      refuse(`${node.name}: padding other than behind the channels`);
    }
    return this.layers.padChannels(a, this.layers.shape(a).channels + more);
  }

  /** Row-major on both sides: the same numbers in the same order. */
  #reshape(node: Node, a: Value): Value {
    node.expectOnly();
    const { height, width, channels } = this.layers.shape(a);
    const sides = Array.from(this.#tensor(node.input(1)).values).filter((side) => side !== -1);
    const count = sides.reduce((product, side) => product * side, 1);
    if (count === 0 || (height * width * channels) % count !== 0) refuse(`${node.name}: its shape`);
    this.#flat.add(a);
    return a;
  }

  #tensor(name: string): TfjsTensor {
    return this.#weights.get(name) ?? refuse(`no weights ${shown(name)}`);
  }

  #floats(name: string) {
    const { shape, values } = this.#tensor(name);
    if (values instanceof Float32Array) return { shape, values };
    return refuse(`${shown(name)}: expected float32`);
  }
}

class Node {
  readonly name: string;
  readonly op: string;
  readonly #node: JsonReader;
  readonly #attributes: JsonReader;

  constructor(node: JsonReader) {
    this.#node = node;
    this.name = shown(node.at("name").text());
    this.op = node.at("op").text();
    this.#attributes = node.has("attr") ? node.at("attr") : new JsonReader({}, this.name);
  }

  input(i: number): string {
    return this.#node.at("input").list()[i]?.text() ?? refuse(`${this.name}: it lacks an input`);
  }

  integers(attribute: string): number[] {
    const list = this.#attributes.at(attribute).at("list");
    return list.has("i")
      ? list
          .at("i")
          .list()
          .map((item) => item.integer())
      : [];
  }

  text(attribute: string): string {
    return decode(this.#attributes.at(attribute).at("s"));
  }

  texts(attribute: string): string[] {
    const list = this.#attributes.at(attribute).at("list");
    return list.has("s") ? list.at("s").list().map(decode) : [];
  }

  has(attribute: string): boolean {
    return this.#attributes.has(attribute);
  }

  /** Refuses every attribute that is neither named here nor idle. */
  expectOnly(...attributes: readonly string[]): void {
    for (const name of this.#attributes.keys()) {
      if (!IDLE.has(name) && !attributes.includes(name)) {
        refuse(`${this.name}: unknown attribute ${shown(name)}`);
      }
    }
  }
}

function decode(base64: JsonReader): string {
  return Buffer.from(base64.text(), "base64").toString("latin1");
}

function inputShape(input: JsonReader): Shape {
  const sides = input.at("attr").at("shape").at("shape").at("dim").list();
  const [count, height, width, channels] = sides.map((side) => side.at("size").integer());
  if (sides.length !== 4 || (count !== 1 && count !== -1))
    refuse("an input other than one picture");
  return { height: height ?? 0, width: width ?? 0, channels: channels ?? 0 };
}

/** Kernel, stride and padding of a convolution or pool. `SAME` is made explicit, as TF defines it. */
function windowOf(node: Node, input: Shape, [rows, columns]: readonly number[]): Window {
  node.expectOnly(
    ...["strides", "padding", "data_format", "dilations", "explicit_paddings"],
    ...["ksize", "fused_ops", "epsilon"],
  );
  const [one, stride = 0, across, last] = node.integers("strides");
  if (rows === undefined || rows !== columns || stride !== across || one !== 1 || last !== 1) {
    refuse(`${node.name}: expected a square kernel and stride`);
  }
  if (node.text("data_format") !== "NHWC") refuse(`${node.name}: expected NHWC`);
  if (node.has("dilations") && node.integers("dilations").some((step) => step !== 1)) {
    refuse(`${node.name}: dilated`);
  }
  const padding = node.text("padding");
  if (padding === "VALID") return { kernel: rows, stride, before: 0, after: 0 };
  if (padding !== "SAME") refuse(`${node.name}: unknown padding ${shown(padding)}`);
  const total = (side: number) =>
    Math.max((Math.ceil(side / stride) - 1) * stride + rows - side, 0);
  if (total(input.height) !== total(input.width)) refuse(`${node.name}: unequal padding`);
  const before = Math.floor(total(input.height) / 2);
  return { kernel: rows, stride, before, after: total(input.height) - before };
}
