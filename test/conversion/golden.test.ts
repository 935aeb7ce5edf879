import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { type Golden, goldenDifference, goldenPicture } from "../../src/conversion/golden.js";
import { convertOnnx } from "../../src/conversion/onnx.js";
import { native } from "../../src/internal/native.js";
import { modelFolder, readManifest, readModel } from "../../src/models.js";

const root = join(import.meta.dirname, "../..");
const onnx = join(root, "..", "shared", "data", "models"); // not part of the project
const entries = await readManifest(modelFolder());

function goldenOf(id: string): Golden {
  return JSON.parse(readFileSync(join(root, "test", "golden", `${id}.json`), "utf8")) as Golden;
}

const levels = native().kernelLevels();

/** What differs from the golden file, per level of kernels that this CPU can run; nothing should. */
function differences(
  kind: "network" | "embedder" | "landmarks",
  bytes: Uint8Array,
  golden: Golden,
): readonly string[] {
  return levels.flatMap((level) => {
    const outputs = native().runModel(kind, bytes, goldenPicture(golden.input), level);
    const difference = goldenDifference(golden, new Map(Object.entries(outputs)));
    return difference === undefined ? [] : [`${level}: ${difference}`];
  });
}

test.each(entries)("$id computes what the reference does, at every CPU level", async (entry) => {
  const golden = goldenOf(entry.id);
  expect(golden.source).toBe(entry.source.sha256);
  const kind =
    entry.job === "embedding" ? "embedder" : entry.job === "landmarks" ? "landmarks" : "network";
  expect(differences(kind, await readModel(modelFolder(), entry), golden)).toEqual([]);
});

test("an unknown level is refused, and the one that every CPU has is there", () => {
  expect(levels).toContain("baseline");
  expect(() =>
    native().runModel("network", new Uint8Array(), new Float32Array(), "none"),
  ).toThrow();
});

test.skipIf(!existsSync(onnx)).each([
  ["yunet", "yunet_n_320_320.onnx"],
  ["yunet", "yunet_n_dynamic.onnx"],
  ["minifasnet-v2", "MiniFASNetV2.onnx"],
  ["minifasnet-v1se", "MiniFASNetV1SE.onnx"],
])("%s of %s computes what ONNX Runtime does (needs ../shared/data/models)", (id, file) => {
  const golden = goldenOf(id);
  const { bytes } = convertOnnx({
    bytes: readFileSync(join(onnx, file)),
    side: golden.input.height,
    properties: {},
  });
  expect(differences("network", bytes, golden)).toEqual([]);
});

const output = { name: "x", length: 3, tolerance: 0.01, step: 2 };
const golden: Golden = {
  reference: "by hand",
  source: "",
  input: { height: 1, width: 1, channels: 3, low: 0, high: 1 },
  outputs: [{ ...output, mean: 1, meanSize: 5 / 3, samples: [1, 3] }],
};

test.each([
  ["a number differs", [1, -1, 3.02]],
  ["a number is not one", [NaN, -1, 3]],
  ["a number that is no sample differs", [1, -1.04, 3]],
  ["a sign that is no sample differs", [1, 1, 3]],
  ["one is missing", [1, -1]],
])("a difference is found when %s", (_what, values) => {
  expect(goldenDifference(golden, new Map([["x", values]]))).toMatch(/^x: /);
});

test("rounding is no difference, and a missing output is one", () => {
  expect(goldenDifference(golden, new Map([["x", [1.004, -1.002, 2.999]]]))).toBeUndefined();
  expect(goldenDifference(golden, new Map())).toMatch(/^x: /);
});

test("the made-up picture never changes", () => {
  const bytes = { height: 150, width: 150, channels: 3, low: 0, high: 255, whole: true };
  const picture = Buffer.from(goldenPicture(bytes));
  expect(createHash("sha256").update(picture).digest("hex")).toMatchInlineSnapshot(
    `"4cb50f4dec609fc0100797595b33e4292918cbbeff62acf3b513dc8c03b0fcf3"`,
  );
});
