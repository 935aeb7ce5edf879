import { CountenanceError } from "./errors.js";
import { isFloat32Array, isUint8Array, lengthOf } from "./internal/typed-array.js";
import { boundedText, invalidArgument, plainOptions } from "./internal/validate.js";
import { comparable } from "./pipeline.js";

/** Numbers in a template: the output of dlib's face recognition network. */
export const TEMPLATE_DIMENSION = 128;

/** "CNTP". */
const MAGIC = [0x43, 0x4e, 0x54, 0x50] as const;
const FORMAT_VERSION = 1;
const PARTS = ["modelId", "pipeline", "vector"] as const;
/** The longest `modelId` and `pipeline`, in UTF-8 bytes. */
const MAX_NAME_BYTES = 256;
/** Magic, version, two text lengths of at least one byte each, dimension, vector, CRC. */
const MIN_BYTES = 4 + 2 + (2 + 1) + (2 + 1) + 2 + TEMPLATE_DIMENSION * 4 + 4;
const MAX_BYTES = MIN_BYTES + 2 * (MAX_NAME_BYTES - 1);

// Set by the class below: only its own body can ask for a private field.
let hasVector: (value: object) => value is Template;
let vectorOf: (template: Template) => Float32Array;

/**
 * The biometric features of one face, with the name of what made them. It is personal data.
 *
 * A template never changes: it copies the vector that it is given, and `vector` is a fresh copy at
 * every access, so that nobody can alter an enrolled face through an array that they still hold.
 */
export class Template {
  /** The network and the hash of its weights. */
  readonly modelId: string;
  /** The alignment, precision and mirroring that led to the vector. */
  readonly pipeline: string;
  readonly #vector: Float32Array;

  /**
   * @param parts.vector  Shape [128], finite; copied.
   * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`.
   */
  constructor(parts: {
    readonly modelId: string;
    readonly pipeline: string;
    readonly vector: Float32Array;
  }) {
    const { modelId, pipeline, vector } = plainOptions("template", parts, PARTS);
    this.modelId = boundedText("modelId", modelId, MAX_NAME_BYTES);
    this.pipeline = boundedText("pipeline", pipeline, MAX_NAME_BYTES);
    this.#vector = checkedVector(vector);
    Object.freeze(this);
  }

  /** A copy, shape [128]; not of unit length. Compare templates with `distance`. */
  get vector(): Float32Array {
    return this.#vector.slice();
  }

  /**
   * Format version 1, little endian: "CNTP", version u16, length u16 and UTF-8 of `modelId`, the
   * same of `pipeline`, dimension u16, vector f32, CRC-32 (IEEE 802.3) of everything before it.
   */
  toBytes(): Uint8Array {
    const modelId = new TextEncoder().encode(this.modelId);
    const pipeline = new TextEncoder().encode(this.pipeline);
    const bytes = new Uint8Array(MIN_BYTES - 2 + modelId.length + pipeline.length);
    const view = new DataView(bytes.buffer);
    bytes.set(MAGIC);
    view.setUint16(4, FORMAT_VERSION, true);
    let at = 6;
    for (const text of [modelId, pipeline]) {
      view.setUint16(at, text.length, true);
      bytes.set(text, at + 2);
      at += 2 + text.length;
    }
    view.setUint16(at, TEMPLATE_DIMENSION, true);
    at += 2;
    for (const value of this.#vector) {
      view.setFloat32(at, value, true);
      at += 4;
    }
    view.setUint32(at, crc32(bytes.subarray(0, at)), true);
    return bytes;
  }

  /**
   * Reads what `toBytes` wrote, in this or an earlier release.
   * @param bytes  Copied.
   * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT` for anything else, or damage.
   */
  static fromBytes(bytes: Uint8Array): Template {
    if (!isUint8Array(bytes)) throw invalidArgument("template", "a Uint8Array", bytes);
    const length = lengthOf(bytes);
    if (length < MIN_BYTES || length > MAX_BYTES) {
      throw refused(
        "template",
        `${String(MIN_BYTES)}..${String(MAX_BYTES)} bytes, got ${String(length)}`,
      );
    }
    // Copied first: shared memory must not change between the check and the use.
    return read(new Uint8Array(bytes));
  }

  static {
    hasVector = (value): value is Template => #vector in value;
    vectorOf = (template) => template.#vector;
  }
}

/**
 * Whether a value was made by this class. Unlike `instanceof`, `Object.create(Template.prototype)`
 * does not pass.
 */
export function isTemplate(value: unknown): value is Template {
  return typeof value === "object" && value !== null && hasVector(value);
}

/**
 * The template that a value is, or undefined when it is none.
 *
 * A template of another copy of countenance in the same process (the CommonJS build beside the ESM
 * one, another realm) is read anew from its bytes. What came from JSON has no functions, so it never
 * passes.
 */
export function asTemplate(value: unknown): Template | undefined {
  if (isTemplate(value)) return value;
  try {
    const { toBytes } = Object(value) as { toBytes?: unknown };
    // Whatever it returns, fromBytes checks.
    if (typeof toBytes === "function") return Template.fromBytes(toBytes.call(value) as Uint8Array);
  } catch {
    return undefined; // not a template, whatever its toBytes says
  }
  return undefined;
}

/**
 * How far apart two faces are.
 * @param compare  Whether two templates compare that are not interchangeable.
 * @returns Euclidean, lower is closer (mated pairs are mostly < 0.6); it is not a probability.
 * @throws {CountenanceError} `COUNTENANCE_MODEL_MISMATCH` for templates of different models or
 *   pipelines: their distance would mean nothing. f32 and bf16 of one alignment are alike.
 */
export function distance(
  a: Template,
  b: Template,
  compare: (a: Template, b: Template) => boolean = () => false,
): number {
  const [first, second] = [requireTemplate("a", a), requireTemplate("b", b)];
  if (!comparable(first, second) && !compare(first, second)) {
    const what = first.modelId !== second.modelId ? "models" : "pipelines";
    throw new CountenanceError(
      "COUNTENANCE_MODEL_MISMATCH",
      `expected two templates of one model and pipeline, got different ${what}: make both from their pictures with one engine`,
    );
  }
  return euclidean(vectorOf(first), vectorOf(second));
}

/** The Euclidean distance of two vectors of one length and one model, summed in f64. */
export function euclidean(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

function requireTemplate(name: string, value: unknown): Template {
  const template = asTemplate(value);
  if (template === undefined) throw invalidArgument(name, "a Template", value);
  return template;
}

/** A private copy, checked after copying: shared memory must not change in between. */
function checkedVector(vector: unknown): Float32Array {
  const shape = `a Float32Array of ${String(TEMPLATE_DIMENSION)} finite numbers`;
  if (!isFloat32Array(vector)) throw invalidArgument("vector", shape, vector);
  const length = lengthOf(vector);
  if (length !== TEMPLATE_DIMENSION) throw refused("vector", `${shape}, got ${String(length)}`);
  const copy = new Float32Array(vector);
  if (!copy.every(Number.isFinite)) throw refused("vector", `${shape}, got one that is not finite`);
  return copy;
}

/** @param bytes  Private, and of a length that format version 1 allows. */
function read(bytes: Uint8Array): Template {
  const view = new DataView(bytes.buffer);
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) {
    throw refused("template", 'bytes that begin with "CNTP", got others');
  }
  const version = view.getUint16(4, true);
  if (version !== FORMAT_VERSION) {
    throw refused("template", `format version ${String(FORMAT_VERSION)}, got ${String(version)}`);
  }
  const end = bytes.length - 4;
  if (view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) {
    throw refused("template", "a matching checksum, got another: the bytes are damaged");
  }
  let at = 6;
  const text = (name: string): string => {
    const length = at + 2 <= end ? view.getUint16(at, true) : 0;
    if (length === 0 || length > MAX_NAME_BYTES || at + 2 + length > end) {
      throw refused(
        "template",
        `a ${name} of 1..${String(MAX_NAME_BYTES)} bytes, got none or more`,
      );
    }
    at += 2 + length;
    return utf8(name, bytes.subarray(at - length, at));
  };
  const modelId = text("modelId");
  const pipeline = text("pipeline");
  const dimension = at + 2 <= end ? view.getUint16(at, true) : 0;
  if (dimension !== TEMPLATE_DIMENSION) {
    throw refused("template", `${String(TEMPLATE_DIMENSION)} numbers, got ${String(dimension)}`);
  }
  at += 2;
  if (at + dimension * 4 !== end) {
    throw refused("template", `${String(dimension * 4)} bytes of vector, got ${String(end - at)}`);
  }
  const vector = Float32Array.from({ length: dimension }, (_, i) =>
    view.getFloat32(at + i * 4, true),
  );
  return new Template({ modelId, pipeline, vector });
}

function utf8(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      `template: expected a ${name} in UTF-8, got other bytes`,
      { cause },
    );
  }
}

function refused(name: string, expectedAndGot: string): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_INVALID_ARGUMENT",
    `${name}: expected ${expectedAndGot}`,
  );
}

/** CRC-32 of IEEE 802.3, reflected; node:zlib has it only since 20.15, and templates are pure. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  }
  return remainder;
});
