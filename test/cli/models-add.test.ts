import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { createEngine } from "../../src/engine.js";
import { native, packageRoot } from "../../src/internal/native.js";
import { modelFolder, readAddedModel } from "../../src/models.js";
import { floats, node, onnxBytes } from "../conversion/onnx-bytes.js";
import { TINY_SLOPE, tinyMinifasnet } from "../conversion/tiny-minifasnet.js";
import { tinyYunet } from "../conversion/tiny-yunet.js";
import { samplePath } from "../fixtures/photos.js";

const theirs = join(packageRoot(), "..", "shared", "data", "models");
const official = join(theirs, "yunet_n_320_320.onnx");
let folder: string; // of models
let source: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countenance-add-"));
  await cp(join(modelFolder(), "manifest.json"), join(folder, "manifest.json"));
  source = join(folder, "source.onnx");
  await writeFile(source, tinyYunet(64));
});
afterEach(() => rm(folder, { recursive: true }));

function models(...args: readonly string[]) {
  const program = join(packageRoot(), "dist", "cli", "main.js");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, "models", ...args, "--models", folder],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

/** The numbers of faces that an engine with YuNet finds in sample photos. */
async function facesFound(...photos: readonly number[]): Promise<readonly number[]> {
  for (const file of await readdir(modelFolder())) {
    if (!/^(dlib|facemesh|iris).*\.bin$/.test(file)) continue;
    await symlink(join(modelFolder(), file), join(folder, file));
  }
  await using engine = await createEngine({ models: folder, detector: "yunet", threads: 1 });
  const counts: number[] = [];
  for (const photo of photos)
    counts.push((await engine.analyze({ path: samplePath(photo) })).length);
  return counts;
}

/** What the folder holds besides the manifest and the source. */
async function made(): Promise<string[]> {
  const files = await readdir(folder);
  return files.filter((file) => file !== "manifest.json" && file !== "source.onnx").sort();
}

test("YuNet is added, listed and verified", async () => {
  const { status, stdout, stderr } = models("add", "yunet", source);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^yunet\.bin: \d+ bytes, sha256 [0-9a-f]{64}$/m);
  expect(stdout).toContain("none of the official files");
  expect(await made()).toEqual(["added.json", "yunet.bin"]);
  expect(models("list").stdout).toMatch(/^yunet@[0-9a-f]{12} {2}detection {2}Apache-2\.0/m);
  expect(models("verify").stdout).toMatch(/^ok {7}yunet\.bin$/m);
});

test("both networks of MiniFASNet are added beside each other, and compute what they should", async () => {
  await writeFile(source, tinyMinifasnet());
  for (const id of ["minifasnet-v2", "minifasnet-v1se"]) {
    const { status, stdout, stderr } = models("add", id, source);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("none of the official files");
    const bytes = await readAddedModel(folder, id);
    const orange = Float32Array.from({ length: 80 * 80 * 3 }, (_, i) => [30, 90, 130][i % 3] ?? 0);
    const { output = [] } = native().runModel("network", bytes, orange);
    expect(output[0]).toBe(0);
    expect(output[1]).toBeCloseTo(TINY_SLOPE * (130 - 30), 4);
    expect(output[2]).toBe(0);
  }
  expect(await made()).toEqual(["added.json", "minifasnet-v1se.bin", "minifasnet-v2.bin"]);
  expect(models("list").stdout).toMatch(/^minifasnet-v2@[0-9a-f]{12} {2}anti-spoofing {2}Apache/m);
});

test.skipIf(!existsSync(theirs)).each([
  ["minifasnet-v2", "MiniFASNetV2.onnx"],
  ["minifasnet-v1se", "MiniFASNetV1SE.onnx"],
])("the official file of %s is recognised (needs ../shared/data/models)", (id, file) => {
  const { status, stdout } = models("add", id, join(theirs, file));
  expect(status).toBe(0);
  expect(stdout).toContain(`This is the official file ${file}`);
});

test("a file that leaves the input's size open gets the size that is asked for", async () => {
  await writeFile(source, tinyYunet(undefined));
  expect(models("add", "yunet", source, "--side", "96")).toMatchObject({ status: 0 });
  expect(models("add", "yunet", source, "--side", "100")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("COUNTENANCE_MODEL_CORRUPT"),
  });
});

test("adding again replaces the model and its entry", async () => {
  expect(models("add", "yunet", source)).toMatchObject({ status: 0 });
  const before = await readAddedModel(folder, "yunet");
  await writeFile(source, tinyYunet(128));
  expect(models("add", "yunet", source)).toMatchObject({ status: 0 });
  expect(await readAddedModel(folder, "yunet")).not.toEqual(before);
  expect(await made()).toEqual(["added.json", "yunet.bin"]);
  expect(JSON.parse(await readFile(join(folder, "added.json"), "utf8"))).toMatchObject({
    models: [{ id: "yunet" }],
  });
});

test("a damaged, a lost and an unlisted file are found", async () => {
  models("add", "yunet", source);
  const file = join(folder, "yunet.bin");
  const damaged = await readFile(file);
  damaged[damaged.length - 1] = 1 + (damaged.at(-1) ?? 0);
  await writeFile(file, damaged);
  expect(models("verify")).toMatchObject({
    status: 1,
    stdout: expect.stringContaining("corrupt  yunet.bin"),
  });
  const corrupt = { code: "COUNTENANCE_MODEL_CORRUPT" };
  const missing = { code: "COUNTENANCE_MODEL_MISSING" };
  await expect(readAddedModel(folder, "yunet")).rejects.toMatchObject(corrupt);
  await rm(file);
  await expect(readAddedModel(folder, "yunet")).rejects.toMatchObject(missing);
  await writeFile(join(folder, "added.json"), "{}");
  await expect(readAddedModel(folder, "yunet")).rejects.toMatchObject(corrupt);
  await rm(join(folder, "added.json"));
  await expect(readAddedModel(folder, "yunet")).rejects.toMatchObject({
    ...missing,
    message: expect.stringContaining("countenance models add yunet"),
  });
});

test("an engine searches pictures with an added network", async () => {
  // Made-up weights find whatever they find: no more is asked than that nothing fails.
  models("add", "yunet", source);
  expect(await facesFound(1)).toEqual([expect.any(Number)]);
});

test.skipIf(!existsSync(official))(
  "an official file is recognised, and finds every face (needs ../shared/data/models)",
  async () => {
    const { status, stdout } = models("add", "yunet", official);
    expect(status).toBe(0);
    expect(stdout).toContain("This is the official file yunet_n_320_320.onnx");
    expect(await facesFound(1, 4, 5)).toEqual([3, 4, 5]);
  },
);

const relu = onnxBytes({
  input: [1, 3, 64, 64],
  outputs: ["y"],
  parts: [node("Relu", ["input"], "y")],
});
const [input, outputs] = [[1, 3, 64, 64], ["y"]];
const infinite = onnxBytes({
  input,
  outputs,
  parts: [floats("w", [1, 3, 1, 1], [3e38, 3e38, 3e38]), node("Conv", ["input", "w"], "y")],
});
test.each<[string, Uint8Array]>([
  ["an empty file", new Uint8Array()],
  ["a picture", new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70])],
  ["half a file", tinyYunet(64).subarray(0, 4000)],
  ["another network", relu],
  ["weights that overflow", infinite],
])("%s is MODEL_CORRUPT, and nothing is written", async (_what, bytes) => {
  await writeFile(source, bytes);
  expect(models("add", "yunet", source)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^COUNTENANCE_MODEL_CORRUPT: .+\n$/),
  });
  expect(await made()).toEqual([]);
});

test.each([
  ["another network", tinyYunet(64)],
  ["four classes", tinyMinifasnet(4)],
])("%s is no MiniFASNet", async (_what, bytes) => {
  await writeFile(source, bytes);
  expect(models("add", "minifasnet-v2", source)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^COUNTENANCE_MODEL_CORRUPT: .+\n$/),
  });
  expect(await made()).toEqual([]);
});

test.each<[string, () => readonly string[], string]>([
  ["an unknown model", () => ["resnet", source], "model"],
  ["no such file", () => ["yunet", join(folder, "none.onnx")], "file"],
  ["a folder", () => ["yunet", folder], "file"],
  ["another side than the file's", () => ["yunet", source, "--side", "96"], "--side"],
  ["no number", () => ["yunet", source, "--side", "big"], "--side"],
])("%s is INVALID_ARGUMENT", (_what, args, name) => {
  expect(models("add", ...args())).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(`^COUNTENANCE_INVALID_ARGUMENT: ${name}: `),
  });
});

test("a folder that takes no file is INVALID_ARGUMENT and says what to do", async () => {
  // In the way of the new file; the tests may run as root, whom no permission stops.
  await mkdir(join(folder, "yunet.bin"));
  expect(models("add", "yunet", source)).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^COUNTENANCE_INVALID_ARGUMENT: --models: .*copy the model folder/,
    ),
  });
  expect(await made()).toEqual(["yunet.bin"]);
});

test("a folder without a manifest is MODEL_MISSING", async () => {
  await rm(join(folder, "manifest.json"));
  expect(models("add", "yunet", source)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("COUNTENANCE_MODEL_MISSING"),
  });
});
