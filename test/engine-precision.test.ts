import { afterEach, describe, expect, test, vi } from "vitest";

import { createEngine } from "../src/engine.js";
import * as addon from "../src/internal/native.js";
import * as models from "../src/models.js";
import { Template } from "../src/template.js";

// CPUs that the tests may not run on, as the addon would report them.

const real = addon.native();
afterEach(() => vi.restoreAllMocks());

function pretend(createEngineOf: addon.NativeAddon["createEngine"]) {
  vi.spyOn(addon, "native").mockReturnValue({ ...real, createEngine: createEngineOf });
}

const reporting = (precision: addon.NativeEngine["precision"]) => {
  const close = vi.fn<() => void>();
  const engine = { precision, close, analyze: () => ({ done: new Promise(() => undefined) }) };
  // As much of an engine as is touched here.
  const done = Promise.resolve(engine as unknown as addon.NativeEngine);
  pretend(() => ({ done, cancel: () => undefined }));
  return close;
};

test("a precision that the CPU lacks is UNSUPPORTED, and the message is the addon's", async () => {
  pretend(() => {
    throw Object.assign(new Error("this CPU lacks AVX512_BF16"), {
      code: "COUNTENANCE_UNSUPPORTED",
    });
  });
  await expect(createEngine({ precision: "bf16" })).rejects.toMatchObject({
    code: "COUNTENANCE_UNSUPPORTED",
    message: "this CPU lacks AVX512_BF16",
  });
});

describe("the pipeline names the precision that the addon chose", () => {
  test.each(["f32", "bf16"] as const)("%s", async (precision) => {
    reporting(precision);
    await using engine = await createEngine();
    expect(engine.pipeline).toMatch(new RegExp(`^[^/]+/${precision}$`));
  });
});

test("every pipeline that can be made has a calibration, and f32 shares bf16's", async () => {
  for (const alignment of ["mesh", "dlib"] as const) {
    const calibrations = [];
    for (const precision of ["f32", "bf16", "int8"] as const) {
      reporting(precision);
      await using engine = await createEngine({ alignment });
      expect(engine.calibration.points.length).toBeGreaterThan(2);
      calibrations.push(engine.calibration);
    }
    expect(calibrations[0]).toEqual(calibrations[1]);
  }
});

test("an engine whose pipeline nobody calibrated is closed again", async () => {
  // What a newer addon might report.
  const close = reporting("f64" as "f32");
  await expect(createEngine()).rejects.toMatchObject({ code: "COUNTENANCE_MODEL_CORRUPT" });
  expect(close).toHaveBeenCalledOnce();
});

test("templates of two pipelines compare when the manifest has counted that pair, and not before", async () => {
  reporting("int8");
  await using engine = await createEngine();
  const { modelId, pipeline } = engine;
  const f32 = pipeline.replace("int8", "f32");
  const template = (name: string) =>
    new Template({ modelId, pipeline: name, vector: new Float32Array(128) });
  expect(() => engine.compare(template(pipeline), template(f32))).toThrow(
    expect.objectContaining({ code: "COUNTENANCE_MODEL_MISMATCH" }),
  );

  const manifest = await models.readManifest(models.modelFolder());
  vi.spyOn(models, "readManifest").mockResolvedValue(
    manifest.map((entry) => {
      if (entry.job !== "embedding") return entry;
      const mixed = { ...engine.calibration, pipelines: [pipeline, f32] };
      return { ...entry, calibrations: [...(entry.calibrations ?? []), mixed] };
    }),
  );
  await using counted = await createEngine();
  expect(counted.compare(template(pipeline), template(f32))).toBe(0);
  expect(() => counted.compare(template("other/f32"), template(f32))).toThrow();
});
