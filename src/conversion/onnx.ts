import type { ConvertedNetwork, Output, Value } from "./layer.js";
import { LayerList } from "./layer-list.js";
import { type OnnxGraph, type OnnxNode, type OnnxTensor, readOnnx } from "./onnx-model.js";
import { OnnxOperation } from "./onnx-operation.js";
import { refuse, shown } from "./refuse.js";
import { reordered } from "./reordered.js";

export interface OnnxSource {
  readonly bytes: Uint8Array;
  /** Height and width of the input where the file leaves them open. */
  readonly side?: number;
  /** Written into the model file. */
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * What one name of the graph stands for. ONNX keeps [channels][height][width], our maps are
 * [height][width][channels], so that it matters what became of a map's axes:
 * `map` as it is; `pixels` with the channels last; `rows` of channels, one per pixel (both in our own
 * order); `flat` as one row in ONNX's order, which only a fully connected layer can read.
 */
type Term =
  | { readonly form: "map" | "pixels" | "rows" | "flat"; readonly value: Value }
  | { readonly form: "constant"; readonly tensor: OnnxTensor };

/**
 * Converts an ONNX file to our container; its outputs keep their names, as maps
 * [height][width][channels].
 * @throws {CountenanceError} `COUNTENANCE_MODEL_CORRUPT` for damage, and by its name for every
 *   operation or attribute that our networks have not.
 */
export function convertOnnx({ bytes, side, properties }: OnnxSource): ConvertedNetwork {
  const graph = readOnnx(bytes);
  const converter = new Converter(graph, side);
  for (const node of graph.nodes) converter.add(node);
  return converter.network(properties);
}

/** The operator sets of which the operations below mean what we make of them. */
const OPSETS = { low: 9, high: 21 };

/** Numbers that are computed of a shape: without a bound, Concat could double them node by node. */
const MAX_SHAPE = 16;

class Converter {
  readonly #layers: LayerList;
  readonly #terms = new Map<string, Term>();
  readonly #graph: OnnxGraph;

  constructor(graph: OnnxGraph, side: number | undefined) {
    this.#graph = graph;
    if (!(graph.opset >= OPSETS.low && graph.opset <= OPSETS.high)) {
      refuse(`operator set ${String(graph.opset)}: expected ${String(OPSETS.low)} or later`);
    }
    const [input] = graph.inputs;
    if (input === undefined || graph.inputs.length > 1) refuse("expected one input");
    const [count = 1, channels, height = side, width = side, ...more] = input.shape;
    if (count !== 1 || channels === undefined || more.length > 0) {
      refuse("an input other than one picture");
    }
    if (height === undefined || width === undefined) refuse("it leaves the input's size open");
    this.#layers = new LayerList({ height, width, channels });
    for (const tensor of graph.tensors.values()) {
      this.#define(tensor.name, { form: "constant", tensor });
    }
    this.#define(input.name, { form: "map", value: 0 });
  }

  add(node: OnnxNode): void {
    const operation = new OnnxOperation(node);
    const term = this.#term(operation);
    operation.expectAllRead();
    const [name] = node.outputs;
    if (name === undefined || node.outputs.slice(1).some((other) => other !== "")) {
      refuse(`${operation.name}: expected one output`);
    }
    this.#define(name, term);
  }

  network(properties: Readonly<Record<string, string>>): ConvertedNetwork {
    const outputs = this.#graph.outputs.map(({ name }): Output => {
      const term = this.#terms.get(name);
      if (term === undefined || term.form === "constant") refuse(`no output ${shown(name)}`);
      const { height, width } = this.#layers.shape(term.value);
      if (term.form === "flat" && height * width > 1) refuse(`${shown(name)}: a reordered output`);
      // Names are joined by commas in the container.
      if (!/^[\w.:/-]{1,64}$/.test(name)) refuse(`an output named ${shown(name)}`);
      return { name, value: term.value };
    });
    if (outputs.length === 0) refuse("it has no outputs");
    return this.#layers.network(outputs, properties);
  }

  #define(name: string, term: Term): void {
    if (this.#terms.has(name)) refuse(`${shown(name)} is made twice`);
    this.#terms.set(name, term);
  }

  #term(node: OnnxOperation): Term {
    switch (node.op) {
      case "Conv":
        return map(this.#convolution(node));
      case "MaxPool":
        return map(this.#maxPool(node));
      case "GlobalAveragePool":
        return map(this.#layers.mean(this.#map(node, 0)));
      case "Resize":
      case "Upsample":
        return map(this.#enlarge(node));
      case "Add":
        return map(this.#layers.add(this.#map(node, 0), this.#map(node, 1)));
      case "Mul":
        return map(this.#product(node));
      case "BatchNormalization":
      case "PRelu":
      case "Relu":
      case "Sigmoid":
        return this.#perChannel(node);
      case "Gemm":
      case "MatMul":
        return { form: "flat", value: this.#fullyConnected(node) };
      case "Flatten":
        if (node.integer("axis", 1) !== 1) refuse(`${node.name}: expected axis 1`);
        return { form: "flat", value: this.#map(node, 0) };
      case "Transpose":
        if (String(node.integers("perm")) !== "0,2,3,1") refuse(`${node.name}: an unknown order`);
        return { form: "pixels", value: this.#map(node, 0) };
      case "Reshape":
        return this.#reshape(node);
      case "Identity":
        return this.#input(node, 0);
      case "Dropout":
        node.idle("ratio", "seed");
        return this.#input(node, 0);
      case "Constant":
        return { form: "constant", tensor: node.tensor("value") };
      case "Shape":
      case "Gather":
      case "Unsqueeze":
      case "Concat":
        return this.#shapeArithmetic(node);
      default:
        return refuse(`${node.name}: unknown operation ${shown(node.op)}`);
    }
  }

  #convolution(node: OnnxOperation): Value {
    const a = this.#map(node, 0);
    const { shape, values } = this.#weights(node, 1);
    const [outputs = 0, inputs = 0, rows, columns] = shape;
    if (shape.length !== 4 || rows !== columns) refuse(`${node.name}: expected a square kernel`);
    const window = node.window(rows);
    const bias = node.has(2) ? this.#weights(node, 2).values : new Float32Array(outputs);
    if (bias.length !== outputs) refuse(`${node.name}: its bias has another length`);
    const group = node.integer("group", 1);
    // ONNX keeps [out][in][tap]: ours are [out][tap][in], or [tap][channel] if depthwise.
    const taps = window.kernel ** 2;
    if (group === 1) {
      const weights = reordered(values, [outputs, inputs, taps], [0, 2, 1]);
      return this.#layers.convolution(a, window, weights, bias);
    }
    if (group !== outputs || inputs !== 1)
      refuse(`${node.name}: groups other than one per channel`);
    return this.#layers.depthwise(
      a,
      window,
      reordered(values, [outputs, 1, taps], [1, 2, 0]),
      bias,
    );
  }

  #maxPool(node: OnnxOperation): Value {
    if (node.integer("ceil_mode", 0) !== 0 || node.integer("storage_order", 0) !== 0) {
      refuse(`${node.name}: an unknown mode`);
    }
    return this.#layers.maxPool(this.#map(node, 0), node.window(undefined));
  }

  /** The two ways in which exporters write "each pixel becomes 2 x 2 of the same". */
  #enlarge(node: OnnxOperation): Value {
    const resize = node.op === "Resize";
    const modes = [
      node.text("mode", "nearest"),
      resize ? node.text("coordinate_transformation_mode", "half_pixel") : "asymmetric",
      resize ? node.text("nearest_mode", "round_prefer_floor") : "floor",
    ];
    node.idle("cubic_coeff_a", "exclude_outside", "extrapolation_value");
    if (String(modes) !== "nearest,asymmetric,floor") {
      refuse(`${node.name}: an unknown way to resize (${shown(modes.join(", "))})`);
    }
    const a = this.#map(node, 0);
    const { height, width, channels } = this.#layers.shape(a);
    const sizes = resize && node.has(3) ? this.#constant(node, 3) : undefined;
    const asked = Array.from((sizes ?? this.#constant(node, resize ? 2 : 1)).values);
    const twice = sizes ? [1, channels, 2 * height, 2 * width] : [1, 1, 2, 2];
    if (String(asked) !== String(twice)) refuse(`${node.name}: expected an enlargement by 2`);
    return this.#layers.enlarge(a);
  }

  /** Squeeze-excite, in either order. */
  #product(node: OnnxOperation): Value {
    const [a, b] = [this.#map(node, 0), this.#map(node, 1)];
    const { height, width } = this.#layers.shape(a);
    return height * width === 1 ? this.#layers.scale(b, a) : this.#layers.scale(a, b);
  }

  /** What treats each number alike, or each channel: the axes may lie as they like. */
  #perChannel(node: OnnxOperation): Term {
    const term = this.#input(node, 0);
    if (term.form === "constant") return refuse(`${node.name}: expected a map`);
    const { value, form } = term;
    if (node.op === "Relu") return { form, value: this.#layers.relu(value) };
    if (node.op === "Sigmoid") return { form, value: this.#layers.sigmoid(value) };
    const { height, width, channels } = this.#layers.shape(value);
    const point = form === "flat" && height * width === 1;
    if (form !== "map" && !point) refuse(`${node.name}: its channels lie elsewhere`);
    if (node.op === "PRelu") {
      const { values } = this.#weights(node, 1);
      const slope = values.length === 1 ? new Float32Array(channels).fill(values[0] ?? 0) : values;
      return { form, value: this.#layers.prelu(value, slope) };
    }
    return { form, value: this.#batchNorm(node, value) };
  }

  #batchNorm(node: OnnxOperation, a: Value): Value {
    node.idle("momentum");
    if (node.integer("training_mode", 0) !== 0) refuse(`${node.name}: it is still in training`);
    const epsilon = node.number("epsilon", 1e-5);
    const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((i) => this.#weights(node, i).values);
    if (!gamma || !beta || !mean || !variance) return refuse(`${node.name}: it lacks an input`);
    if (new Set([gamma, beta, mean, variance].map(({ length }) => length)).size > 1) {
      refuse(`${node.name}: its inputs are of unlike length`);
    }
    const factors = gamma.map((value, i) => value / Math.sqrt((variance[i] ?? 0) + epsilon));
    const offsets = beta.map((value, i) => value - (mean[i] ?? 0) * (factors[i] ?? 0));
    return this.#layers.affine(a, factors, offsets);
  }

  /** A convolution with a kernel as large as the map. */
  #fullyConnected(node: OnnxOperation): Value {
    const a = this.#input(node, 0);
    if (a.form !== "flat") return refuse(`${node.name}: expected one row`);
    const { height, width, channels } = this.#layers.shape(a.value);
    const { shape, values } = this.#weights(node, 1);
    const gemm = node.op === "Gemm";
    if (gemm && (node.number("alpha", 1) !== 1 || node.number("beta", 1) !== 1)) {
      refuse(`${node.name}: scaled`);
    }
    if (gemm && node.integer("transA", 0) !== 0) refuse(`${node.name}: a transposed input`);
    const transposed = gemm && node.integer("transB", 0) !== 0;
    const outputs = shape[transposed ? 0 : 1] ?? 0;
    const inputs = shape[transposed ? 1 : 0] ?? 0;
    if (shape.length !== 2 || inputs !== height * width * channels || height !== width) {
      refuse(`${node.name}: it does not fit its input`);
    }
    const bias = gemm && node.has(2) ? this.#weights(node, 2).values : new Float32Array(outputs);
    if (bias.length !== outputs) refuse(`${node.name}: its bias has another length`);
    const weights = transposed
      ? reordered(values, [outputs, channels, height * width], [0, 2, 1])
      : reordered(values, [channels, height * width, outputs], [2, 1, 0]);
    const window = { kernel: height, stride: 1, before: 0, after: 0 };
    return this.#layers.convolution(a.value, window, weights, bias);
  }

  #reshape(node: OnnxOperation): Term {
    if (node.integer("allowzero", 0) !== 0) refuse(`${node.name}: sides of zero`);
    const term = this.#input(node, 0);
    const target = Array.from(this.#constant(node, 1).values);
    if (term.form === "constant") return refuse(`${node.name}: expected a map`);
    const { height, width, channels } = this.#layers.shape(term.value);
    const [batch, first, second] = target;
    const one = batch === 1 || batch === 0 || (batch === -1 && first !== -1);
    const fits = (side: number | undefined, length: number) => side === -1 || side === length;
    if (target.length === 3 && term.form === "pixels" && one) {
      if (fits(first, height * width) && second === channels) return { ...term, form: "rows" };
    }
    if (target.length === 2 && term.form === "map" && one) {
      if (fits(first, height * width * channels)) return { ...term, form: "flat" };
    }
    return refuse(`${node.name}: an unknown way to reshape`);
  }

  /** Exporters compute the target of a Reshape from a map's shape: it is known here. */
  #shapeArithmetic(node: OnnxOperation): Term {
    const constant = (values: readonly number[]): Term => {
      if (values.length > MAX_SHAPE) refuse(`${node.name}: more than a shape`);
      return { form: "constant", tensor: { name: node.name, shape: [values.length], values } };
    };
    if (node.op === "Shape") {
      const term = this.#input(node, 0);
      if (term.form !== "map" && term.form !== "pixels") refuse(`${node.name}: expected a map`);
      const { height, width, channels } = this.#layers.shape(term.value);
      return constant(
        term.form === "map" ? [1, channels, height, width] : [1, height, width, channels],
      );
    }
    const [first, ...more] = node.inputs.map((_, i) => Array.from(this.#constant(node, i).values));
    const axis = node.op === "Unsqueeze" ? node.integers("axes", [0]) : [node.integer("axis", 0)];
    if (first === undefined || String(axis) !== "0") return refuse(`${node.name}: expected axis 0`);
    if (node.op === "Unsqueeze") return constant(first);
    if (node.op === "Concat") return constant([first, ...more].flat());
    return constant(
      (more[0] ?? []).map((i) => first[i] ?? refuse(`${node.name}: no number ${String(i)}`)),
    );
  }

  #input(node: OnnxOperation, i: number): Term {
    const name = node.inputs[i] ?? "";
    return this.#terms.get(name) ?? refuse(`${node.name}: reads ${shown(name)} before it is made`);
  }

  #map(node: OnnxOperation, i: number): Value {
    const term = this.#input(node, i);
    return term.form === "map" ? term.value : refuse(`${node.name}: expected a map`);
  }

  #constant(node: OnnxOperation, i: number): OnnxTensor {
    const term = this.#input(node, i);
    return term.form === "constant" ? term.tensor : refuse(`${node.name}: expected a constant`);
  }

  #weights(node: OnnxOperation, i: number): { shape: readonly number[]; values: Float32Array } {
    const { shape, values } = this.#constant(node, i);
    // No side of zero: the other sides would be bounded by nothing.
    if (values instanceof Float32Array && values.length > 0) return { shape, values };
    return refuse(`${node.name}: expected f32 weights`);
  }
}

function map(value: Value): Term {
  return { form: "map", value };
}
