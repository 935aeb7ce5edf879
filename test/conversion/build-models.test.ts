import { spawnSync } from "node:child_process";
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { packageRoot } from "../../src/internal/native.js";
import { modelFolder, readManifest, verifyModels } from "../../src/models.js";

/** A checkout of nothing but what the build of one small model needs. */
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "countenance-build-"));
  for (const folder of ["scripts", "models", "test/golden"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const file of ["scripts/build-models.mjs", "test/golden/facemesh-192.json"]) {
    await cp(join(packageRoot(), file), join(root, file));
  }
  for (const folder of ["build", "node_modules", "third_party"]) {
    await symlink(join(packageRoot(), folder), join(root, folder));
  }
  const models = (await readManifest(modelFolder())).filter(({ job }) => job === "mesh");
  await writeFile(join(root, "models", "manifest.json"), JSON.stringify({ models }));
});
afterEach(() => rm(root, { recursive: true }));

function build(...args: readonly string[]) {
  const program = join(root, "scripts", "build-models.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** Changes a JSON file of the checkout. */
async function edit(file: string, from: RegExp, to: string): Promise<void> {
  const text = await readFile(join(root, file), "utf8");
  expect(text).toMatch(from);
  await writeFile(join(root, file), text.replace(from, to));
}

test("a missing model is made, a whole one is left, a damaged one is made again", async () => {
  const folder = join(root, "models");
  const made = { status: 0, stdout: "models/facemesh.bin: made\n" };
  expect(build("--check")).toMatchObject({ status: 1 });
  expect(build()).toMatchObject(made);
  expect(build("--check")).toMatchObject({ status: 0 });
  expect(build()).toMatchObject({ status: 0, stdout: "models/facemesh.bin: up to date\n" });
  await appendFile(join(folder, "facemesh.bin"), "x");
  expect(build("--check")).toMatchObject({ status: 1 });
  expect(build()).toMatchObject(made);
  expect(await verifyModels(folder)).toMatchObject([{ state: "ok" }]);
});

test.each<[string, string, RegExp, string, RegExp]>([
  [
    "a network that computes something else than its reference",
    "test/golden/facemesh-192.json",
    /"mean": /,
    '"mean": 1',
    /computes something else than TF\.js.*points: the mean/,
  ],
  [
    "a reference of another source",
    "test/golden/facemesh-192.json",
    /"source": "../,
    '"source": "zz',
    /of another source/,
  ],
  [
    "another result than the pinned one",
    "models/manifest.json",
    /"sha256":"../,
    '"sha256":"zz',
    /facemesh\.bin: expected sha256 zz/,
  ],
  [
    "another graph than the pinned one",
    "models/manifest.json",
    /"graph":\{"file":"models\/facemesh\.json","sha256":"../,
    '"graph":{"file":"models/facemesh.json","sha256":"zz',
    /facemesh\.json: expected sha256 zz/,
  ],
  [
    "a source that is not there",
    "models/manifest.json",
    /@vladmandic\/human/,
    "@vladmandic/nobody",
    /models\/facemesh\.bin is missing; run: npm run build:models/,
  ],
])("%s stops the build, and no file is left", async (_what, file, from, to, message) => {
  await edit(file, from, to);
  expect(build()).toMatchObject({ status: 1, stderr: expect.stringMatching(message) });
  expect(await readdir(join(root, "models"))).toEqual(["manifest.json"]);
});
