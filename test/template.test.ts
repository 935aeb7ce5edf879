import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

import { describe, expect, test, vi } from "vitest";

import { asTemplate, distance, isTemplate, Template, TEMPLATE_DIMENSION } from "../src/template.js";

/** The first release's format. A synthetic vector: element i is (i - 64) / 50. */
const GOLDEN = new Uint8Array(readFileSync("test/golden/template-v1.bin"));

const INVALID = expect.objectContaining({ code: "COUNTENANCE_INVALID_ARGUMENT" }) as unknown;

function goldenVector(): Float32Array {
  return Float32Array.from({ length: TEMPLATE_DIMENSION }, (_, i) => (i - 64) / 50);
}

function templateOf(parts: Partial<ConstructorParameters<typeof Template>[0]> = {}): Template {
  return new Template({
    modelId: "golden-model-0011223344556677",
    pipeline: "golden-5pt/f32",
    vector: goldenVector(),
    ...parts,
  });
}

function errorOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

/** Makes the checksum right again after a change: CRC-32, bit by bit. */
function resealed(bytes: Uint8Array): Uint8Array {
  let crc = 0xffffffff;
  for (const byte of bytes.subarray(0, -4)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  new DataView(bytes.buffer).setUint32(bytes.length - 4, ~crc >>> 0, true);
  return bytes;
}

function changed(change: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
  const bytes = GOLDEN.slice();
  change(bytes, new DataView(bytes.buffer));
  return resealed(bytes);
}

describe("bytes", () => {
  test("version 1 is written as the first release wrote it", () => {
    expect(templateOf().toBytes()).toEqual(GOLDEN);
  });

  test("version 1 is read as the first release wrote it", () => {
    const template = Template.fromBytes(GOLDEN);
    expect(template.modelId).toBe("golden-model-0011223344556677");
    expect(template.pipeline).toBe("golden-5pt/f32");
    expect(template.vector).toEqual(goldenVector());
  });

  test("names of any script survive, also one that begins with a byte order mark", () => {
    const names = { modelId: "\ufeffmod\u00e8le \u{1f600}", pipeline: "x".repeat(256) };
    expect(Template.fromBytes(templateOf(names).toBytes())).toMatchObject(names);
  });

  test("a Buffer is read with its byte offset", () => {
    const pool = Buffer.concat([Buffer.alloc(7, 1), GOLDEN, Buffer.alloc(9, 1)]);
    const template = Template.fromBytes(pool.subarray(7, 7 + GOLDEN.length));
    expect(template.vector).toEqual(goldenVector());
  });

  test.each([
    undefined,
    null,
    7,
    "CNTP",
    {},
    [],
    [...GOLDEN],
    GOLDEN.buffer,
    new Float32Array(140),
  ])("%# is refused: only bytes are bytes", (value) => {
    // What a JavaScript caller may pass.
    expect(errorOf(() => Template.fromBytes(value as Uint8Array))).toEqual(INVALID);
  });

  test("every truncation is refused", () => {
    for (let length = 0; length < GOLDEN.length; length++) {
      expect(errorOf(() => Template.fromBytes(GOLDEN.subarray(0, length)))).toEqual(INVALID);
    }
  });

  test("every single bit flip is refused", () => {
    for (let bit = 0; bit < GOLDEN.length * 8; bit++) {
      const bytes = GOLDEN.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(errorOf(() => Template.fromBytes(bytes))).toEqual(INVALID);
    }
  });

  test("random bytes are refused", () => {
    let seed = 1;
    for (let round = 0; round < 500; round++) {
      const bytes = Uint8Array.from({ length: 530 + (round % 40) }, () => {
        seed = (seed * 48271) % 0x7fffffff;
        return seed & 0xff;
      });
      if (round % 2) bytes.set(GOLDEN.subarray(0, 6 + (round % 50)));
      expect(errorOf(() => Template.fromBytes(resealed(bytes)))).toEqual(INVALID);
    }
  });

  const modelLength = new DataView(GOLDEN.buffer).getUint16(6, true);
  const dimensionAt = 8 + modelLength + 2 + "golden-5pt/f32".length;
  test.each<[string, (bytes: Uint8Array, view: DataView) => void]>([
    ["another magic", (bytes) => bytes.fill(0x41, 0, 1)],
    ["version 2", (_, view) => view.setUint16(4, 2, true)],
    ["an empty model id", (_, view) => view.setUint16(6, 0, true)],
    ["a model id longer than the bytes", (_, view) => view.setUint16(6, 65535, true)],
    ["a model id that eats the rest", (_, view) => view.setUint16(6, 200, true)],
    ["a model id that is no UTF-8", (bytes) => bytes.fill(0xff, 8, 9)],
    ["dimension 0", (_, view) => view.setUint16(dimensionAt, 0, true)],
    ["dimension 127", (_, view) => view.setUint16(dimensionAt, 127, true)],
    ["dimension 65535", (_, view) => view.setUint16(dimensionAt, 65535, true)],
    ["a vector with NaN", (_, view) => view.setFloat32(dimensionAt + 2, NaN, true)],
    ["a vector with Infinity", (_, view) => view.setFloat32(dimensionAt + 6, Infinity, true)],
  ])("%s under a right checksum is refused", (_, change) => {
    expect(errorOf(() => Template.fromBytes(changed(change)))).toEqual(INVALID);
  });

  test("trailing bytes under a right checksum are refused", () => {
    const bytes = new Uint8Array(GOLDEN.length + 1);
    bytes.set(GOLDEN);
    expect(errorOf(() => Template.fromBytes(resealed(bytes)))).toEqual(INVALID);
  });
});

describe("a template never changes", () => {
  test("by the array that it was made from", () => {
    const vector = goldenVector();
    const template = templateOf({ vector });
    vector.fill(9);
    expect(template.vector).toEqual(goldenVector());
  });

  test("by the array that it gave", () => {
    const template = templateOf();
    template.vector.fill(9);
    expect(template.vector).toEqual(goldenVector());
  });

  test("by the bytes that it was read from or wrote", () => {
    const bytes = GOLDEN.slice();
    const template = Template.fromBytes(bytes);
    bytes.fill(0);
    template.toBytes().fill(0);
    expect(template.toBytes()).toEqual(GOLDEN);
  });

  test("by assignment", () => {
    const template = templateOf();
    expect(() => Object.assign(template, { modelId: "other" })).toThrow(TypeError);
  });
});

describe("construction", () => {
  test("reads a vector with its byte offset", () => {
    const row = new Float32Array([7, ...goldenVector(), 7]).subarray(1, 1 + TEMPLATE_DIMENSION);
    expect(templateOf({ vector: row }).vector).toEqual(goldenVector());
  });

  test.each([
    { vector: new Float32Array(127) },
    { vector: new Float32Array(129) },
    { vector: new Float32Array(0) },
    { vector: new Float32Array(128).fill(NaN, 127) },
    { vector: new Float32Array(128).fill(-Infinity, 0, 1) },
    { vector: new Float64Array(128) },
    { vector: Array.from({ length: 128 }, () => 0) },
    { vector: undefined },
    { modelId: "" },
    { modelId: 5 },
    { modelId: "x".repeat(257) },
    { modelId: "\u00e9".repeat(129) },
    { pipeline: "lone \ud800" },
    { pipeline: null },
  ])("%# is refused", (parts) => {
    // What a JavaScript caller may pass.
    expect(errorOf(() => templateOf(parts as { vector: Float32Array }))).toEqual(INVALID);
  });

  test("reads the arrays of another realm, as under Jest", () => {
    const floats = runInNewContext("new Float32Array(128).fill(0.5)") as Float32Array;
    expect(floats).not.toBeInstanceOf(Float32Array);
    expect(templateOf({ vector: floats }).vector).toEqual(new Float32Array(128).fill(0.5));
    const bytes = runInNewContext(`Uint8Array.of(${GOLDEN.join()})`) as Uint8Array;
    expect(bytes).not.toBeInstanceOf(Uint8Array);
    expect(Template.fromBytes(bytes).toBytes()).toEqual(GOLDEN);
  });

  test("counts the numbers itself: an array may lie about its length", () => {
    const lie = (array: Float32Array | Uint8Array, length: number) =>
      Object.defineProperty(array, "length", { value: length });
    const short = lie(new Float32Array(3), 128) as Float32Array;
    expect(errorOf(() => templateOf({ vector: short }))).toEqual(INVALID);
    const long = lie(new Uint8Array(5000), GOLDEN.length) as Uint8Array;
    expect(errorOf(() => Template.fromBytes(long))).toEqual(INVALID);
    const whole = lie(goldenVector(), 3) as Float32Array;
    expect(templateOf({ vector: whole }).toBytes()).toEqual(GOLDEN);
  });

  test("is not fooled by an object that calls itself a Float32Array", () => {
    const fake = { length: 128, [Symbol.toStringTag]: "Float32Array" };
    expect(errorOf(() => templateOf({ vector: fake as unknown as Float32Array }))).toEqual(INVALID);
    const heir = Object.create(Float32Array.prototype) as Float32Array;
    expect(errorOf(() => templateOf({ vector: heir }))).toEqual(INVALID);
  });

  test.each([undefined, null, "parts", templateOf()])("from %# is refused", (parts) => {
    // What a JavaScript caller may pass.
    expect(errorOf(() => new Template(parts as Template))).toEqual(INVALID);
  });

  test("no message holds what was passed", () => {
    const error = errorOf(() => templateOf({ modelId: "ada".repeat(200) }));
    expect(String(error)).not.toContain("ada");
  });
});

describe("what is a template", () => {
  /** Another copy of this module, as the CommonJS build is beside the ESM one. */
  async function otherCopy() {
    vi.resetModules();
    return import("../src/template.js");
  }

  test("is what the constructor made", () => {
    const template = templateOf();
    expect(isTemplate(template)).toBe(true);
    expect(asTemplate(template)).toBe(template);
  });

  test("an object that only has the prototype is none", () => {
    const { modelId, pipeline } = templateOf();
    const fake: unknown = Object.create(Template.prototype, {
      modelId: { value: modelId },
      pipeline: { value: pipeline },
    });
    expect(fake).toBeInstanceOf(Template);
    expect(isTemplate(fake)).toBe(false);
    expect(asTemplate(fake)).toBeUndefined();
    expect(errorOf(() => distance(templateOf(), fake as Template))).toEqual(INVALID);
  });

  test("one of another copy of countenance is read anew", async () => {
    const other = await otherCopy();
    const foreign = other.Template.fromBytes(GOLDEN);
    expect(foreign).not.toBeInstanceOf(Template);
    expect(isTemplate(foreign)).toBe(false);
    expect(asTemplate(foreign)?.toBytes()).toEqual(GOLDEN);
    expect(distance(templateOf(), foreign)).toBe(0);
  });

  const boom = () => {
    throw new Error("secret");
  };
  test.each([
    { toBytes: boom },
    { toBytes: () => "CNTP" },
    { toBytes: () => GOLDEN.slice(1) },
    { toBytes: GOLDEN },
    new Proxy({}, { get: boom }),
    new Proxy(templateOf(), {}),
    undefined,
    null,
    "CNTP",
    boom,
  ])("%# is none", (value) => {
    expect(isTemplate(value)).toBe(false);
    expect(asTemplate(value)).toBeUndefined();
  });
});

describe("distance", () => {
  const zero = templateOf({ vector: new Float32Array(128) });

  test("is Euclidean", () => {
    const vector = new Float32Array(128);
    vector.set([3, 4]);
    expect(distance(zero, templateOf({ vector }))).toBe(5);
    expect(distance(templateOf(), templateOf())).toBe(0);
  });

  test.each([{ modelId: "other" }, { pipeline: "other" }])(
    "of templates with %j is a model mismatch",
    (parts) => {
      const other = templateOf({ vector: new Float32Array(128), ...parts });
      expect(errorOf(() => distance(zero, other))).toMatchObject({
        code: "COUNTENANCE_MODEL_MISMATCH",
      });
    },
  );

  test.each([
    undefined,
    null,
    1,
    new Float32Array(128),
    JSON.parse(JSON.stringify(zero)) as unknown,
  ])("of %# is refused", (value) => {
    // What a JavaScript caller may pass.
    expect(errorOf(() => distance(zero, value as Template))).toEqual(INVALID);
    expect(errorOf(() => distance(value as Template, zero))).toEqual(INVALID);
  });
});
