import type { Window } from "./layer.js";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./onnx-model.js";
import { refuse, shown } from "./refuse.js";

/**
 * A node whose attributes are read one by one. What nobody has read at the end is unknown, and
 * refused by expectAllRead().
 */
export class OnnxOperation {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly #attributes: Map<string, OnnxAttribute>;

  constructor(node: OnnxNode) {
    this.op = node.op;
    this.name = node.name;
    this.inputs = node.inputs;
    this.#attributes = new Map(node.attributes);
  }

  /** Optional inputs are absent, or have an empty name. */
  has(input: number): boolean {
    return (this.inputs[input] ?? "") !== "";
  }

  integer(attribute: string, standard: number): number {
    const value = this.number(attribute, standard);
    return Number.isInteger(value) ? value : this.#refuse(attribute);
  }

  number(attribute: string, standard: number): number {
    const value = this.#take(attribute) ?? standard;
    return typeof value === "number" ? value : this.#refuse(attribute);
  }

  text(attribute: string, standard: string): string {
    const value = this.#take(attribute) ?? standard;
    return typeof value === "string" ? value : this.#refuse(attribute);
  }

  integers(attribute: string, standard?: readonly number[]): readonly number[] {
    const value = this.#take(attribute) ?? standard;
    return isList(value) ? value : this.#refuse(attribute);
  }

  tensor(attribute: string): OnnxTensor {
    const value = this.#take(attribute);
    return typeof value === "object" && "shape" in value ? value : this.#refuse(attribute);
  }

  /** Attributes that change nothing for us, whatever they say. */
  idle(...attributes: readonly string[]): void {
    for (const attribute of attributes) this.#attributes.delete(attribute);
  }

  /** @param side  Of the kernel, where the weights tell it. */
  window(side: number | undefined): Window {
    if (this.text("auto_pad", "NOTSET") !== "NOTSET") refuse(`${this.name}: automatic padding`);
    if (this.integers("dilations", [1, 1]).some((step) => step !== 1))
      refuse(`${this.name}: dilated`);
    const shape = side === undefined ? undefined : [side, side];
    const [rows = 0, columns, ...more] = this.integers("kernel_shape", shape);
    const [stride = 0, across] = this.integers("strides", [1, 1]);
    const [top = 0, left, bottom = 0, right] = this.integers("pads", [0, 0, 0, 0]);
    if (rows !== columns || more.length > 0 || (side !== undefined && rows !== side)) {
      refuse(`${this.name}: expected a square kernel`);
    }
    if (stride !== across) refuse(`${this.name}: unequal strides`);
    if (top !== left || bottom !== right) refuse(`${this.name}: unequal padding`);
    return { kernel: rows, stride, before: top, after: bottom };
  }

  expectAllRead(): void {
    const [unknown] = this.#attributes.keys();
    if (unknown !== undefined) refuse(`${this.name}: unknown attribute ${shown(unknown)}`);
  }

  #take(attribute: string): OnnxAttribute | undefined {
    const value = this.#attributes.get(attribute);
    this.#attributes.delete(attribute);
    return value;
  }

  #refuse(attribute: string): never {
    return refuse(`${this.name}: attribute ${attribute} is missing or of another type`);
  }
}

function isList(value: OnnxAttribute | undefined): value is readonly number[] {
  return Array.isArray(value);
}
