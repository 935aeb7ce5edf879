import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { createEngine } from "../src/engine.js";
import {
  calibrationFor,
  modelFolder,
  modelFor,
  modelIdOf,
  readManifest,
  readModel,
  verifyModels,
} from "../src/models.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countenance-models-"));
});
afterEach(() => rm(folder, { recursive: true }));

const bytes = Buffer.from("weights");
const entry = {
  id: "net",
  job: "embedding",
  file: "net.bin",
  sha256: createHash("sha256").update(bytes).digest("hex"),
  bytes: bytes.length,
  licence: "CC0-1.0",
  source: { package: "p", file: "f", sha256: "0123456789abcdef" },
  input: "none",
};

const writeManifest = (models: unknown) =>
  writeFile(join(folder, "manifest.json"), JSON.stringify({ models }));

async function only() {
  const [first] = await readManifest(folder);
  if (first === undefined) throw new Error("expected an entry");
  return first;
}

test("a whole model is read", async () => {
  await writeManifest([entry]);
  await writeFile(join(folder, "net.bin"), bytes);
  expect(Buffer.from(await readModel(folder, await only()))).toEqual(bytes);
  expect(await verifyModels(folder)).toMatchObject([{ state: "ok" }]);
});

test("a missing model is MODEL_MISSING, and the message names the command that mends it", async () => {
  await writeManifest([entry]);
  const reading = readModel(folder, await only());
  await expect(reading).rejects.toMatchObject({
    code: "COUNTENANCE_MODEL_MISSING",
    message: expect.stringContaining("npm run build:models"),
  });
  expect(await verifyModels(folder)).toMatchObject([{ state: "missing" }]);
});

test.each([
  ["truncated", Buffer.from("weight")],
  ["empty", Buffer.from("")],
  ["changed", Buffer.from("wEights")],
])("a %s model is MODEL_CORRUPT", async (_what, damaged) => {
  await writeManifest([entry]);
  await writeFile(join(folder, "net.bin"), damaged);
  const reading = readModel(folder, await only());
  await expect(reading).rejects.toMatchObject({ code: "COUNTENANCE_MODEL_CORRUPT" });
  expect(await verifyModels(folder)).toMatchObject([{ state: "corrupt" }]);
});

test("a folder without a manifest is MODEL_MISSING", async () => {
  await expect(createEngine({ models: folder })).rejects.toMatchObject({
    code: "COUNTENANCE_MODEL_MISSING",
  });
});

test.each([
  ["no JSON", "{"],
  ["no list", "{}"],
  ["an entry without a hash", JSON.stringify({ models: [{ ...entry, sha256: undefined }] })],
  ["a path out of the folder", JSON.stringify({ models: [{ ...entry, file: "../net.bin" }] })],
])("a manifest with %s is MODEL_CORRUPT", async (_what, text) => {
  await writeFile(join(folder, "manifest.json"), text);
  await expect(readManifest(folder)).rejects.toMatchObject({ code: "COUNTENANCE_MODEL_CORRUPT" });
});

const point = (distance: unknown, fmr: unknown) => ({ distance, fmr });
const calibration = {
  provisional: true,
  source: "drawn",
  points: [point(0.4, 1e-5), point(0.5, 1e-5), point(0.6, 1)],
};

const withCalibration = (parts: object) => ({
  ...entry,
  calibrations: [{ pipelines: ["p/f32"], ...calibration, ...parts }],
});

test("a calibration holds for its pipelines, by themselves and mixed, and for no other", async () => {
  const [own, mixed] = [
    { ...calibration, pipelines: ["p/f32", "p/bf16"] },
    { ...calibration, pipelines: ["p/f32", "p/int8"], source: "mixed" },
  ];
  await writeManifest([{ ...entry, calibrations: [own, mixed] }]);
  const embedder = await only();
  expect(calibrationFor(embedder, "p/bf16")).toEqual(own);
  expect(calibrationFor(embedder, "p/f32", "p/bf16")).toEqual(own);
  expect(calibrationFor(embedder, "p/int8", "p/f32")).toEqual(mixed);
  expect(calibrationFor(embedder, "p/int8", "p/bf16")).toBeUndefined();
  expect(calibrationFor(embedder, "q/f32")).toBeUndefined();
  await writeManifest([entry]);
  expect(calibrationFor(await only(), "p/f32")).toBeUndefined();
});

test.each<[string, object]>([
  ["that is null", { ...entry, calibrations: [null] }],
  ["outside of a list", { ...entry, calibrations: calibration }],
  ["without pipelines", withCalibration({ pipelines: undefined })],
  ["of no pipeline", withCalibration({ pipelines: [] })],
  ["of a pipeline without a name", withCalibration({ pipelines: [5] })],
  ["without points", withCalibration({ points: undefined })],
  ["with one point", withCalibration({ points: [point(0.4, 0.1)] })],
  ["that does not say whether it is provisional", withCalibration({ provisional: 1 })],
  ["without a source", withCalibration({ source: undefined })],
  ...[
    [point(0.5, 0.1), point(0.4, 0.2)],
    [point(0.5, 0.1), point(0.5, 0.2)],
    [point(0.4, 0.2), point(0.5, 0.1)],
    [point(0.4, 0), point(0.5, 0.1)],
    [point(0.4, 0.1), point(0.5, 1.1)],
    [point(-1, 0.1), point(0.5, 0.2)],
    [point(0.4, 0.1), point("0.5", 0.2)],
    [point(0.4, 0.1), point(0.5, null)],
    [point(0.4, 0.1), null],
  ].map((points): [string, object] => [
    `of ${JSON.stringify(points)}`,
    withCalibration({ points }),
  ]),
])("a calibration %s is MODEL_CORRUPT", async (_what, damaged) => {
  await writeManifest([damaged]);
  await expect(readManifest(folder)).rejects.toMatchObject({ code: "COUNTENANCE_MODEL_CORRUPT" });
});

test("an infinite number in a calibration is MODEL_CORRUPT", async () => {
  const text = JSON.stringify({ models: [withCalibration({})] });
  await writeFile(join(folder, "manifest.json"), text.replace("0.6", "1e999"));
  await expect(readManifest(folder)).rejects.toMatchObject({ code: "COUNTENANCE_MODEL_CORRUPT" });
});

test("a model folder that is no path is INVALID_ARGUMENT", async () => {
  for (const wrong of [5, "", "a\0b", {}, new URL("file:///models")]) {
    await expect(createEngine({ models: wrong as string })).rejects.toMatchObject({
      code: "COUNTENANCE_INVALID_ARGUMENT",
    });
  }
});

test("a model that is a folder is MODEL_MISSING", async () => {
  await writeManifest([entry]);
  await mkdir(join(folder, "net.bin"));
  const reading = readModel(folder, await only());
  await expect(reading).rejects.toMatchObject({ code: "COUNTENANCE_MODEL_MISSING" });
});

test("a manifest without a model for the job is MODEL_MISSING", async () => {
  expect(() => modelFor([], "embedding")).toThrow(
    expect.objectContaining({ code: "COUNTENANCE_MODEL_MISSING" }),
  );
});

test("the shipped manifest describes whole files, each with licence, source and input", async () => {
  const entries = await readManifest(modelFolder());
  expect(entries.map(({ job }) => job).sort()).toEqual([
    "detection",
    "embedding",
    "iris",
    "landmarks",
    "mesh",
  ]);
  for (const model of entries) {
    expect(model.licence).not.toBe("");
    expect(model.input).not.toBe("");
    expect(model.source.sha256).toMatch(/^[0-9a-f]{64}$/);
  }
  expect(modelIdOf(modelFor(entries, "embedding"))).toMatch(/@55533b28/);
  const statuses = await verifyModels(modelFolder());
  expect(statuses.filter(({ state }) => state !== "ok")).toEqual([]);
});
