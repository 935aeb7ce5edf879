import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import sharp from "sharp";
import { expect, test } from "vitest";

import { createEngine } from "../src/engine.js";
import { packageRoot } from "../src/internal/native.js";
import { portraits } from "./fixtures/photos.js";

const readme = readFileSync(join(packageRoot(), "README.md"), "utf8");

test("the first example runs as pasted, twice, in a project that has the package", async () => {
  const [, example] = /```js\n([\s\S]*?)```/.exec(readme) ?? [];
  if (example === undefined) throw new Error("expected an example in README.md");
  expect(example.trim().split("\n").length).toBeLessThanOrEqual(8);

  await mkdir(join(packageRoot(), "build"), { recursive: true });
  const folder = await mkdtemp(join(packageRoot(), "build", "readme-"));
  await using engine = await createEngine({ threads: 1 });
  const [portrait] = await portraits(engine, 3);
  await writeFile(join(folder, "ada.jpg"), portrait ?? "");
  await sharp(portrait).flop().toFile(join(folder, "probe.jpg"));
  await mkdir(join(folder, "node_modules"));
  await symlink(packageRoot(), join(folder, "node_modules", "countenance"));
  await writeFile(join(folder, "first.mjs"), example);
  for (let run = 0; run < 2; run++) {
    const options = { cwd: folder };
    const { stdout } = await promisify(execFile)(process.execPath, ["first.mjs"], options);
    const [verified, searched] = stdout.split("\n");
    expect(verified).toMatch(/^match 0\.\d/);
    expect(searched).toMatch(/^match ada/);
  }
  await rm(folder, { recursive: true });
});

test("the guide's example of a vector index runs as pasted", async () => {
  const guide = readFileSync(join(packageRoot(), "docs/guide.md"), "utf8");
  const [, example] = /```js\n(import \{ createIndex \}[\s\S]*?)```/.exec(guide) ?? [];
  if (example === undefined) throw new Error("expected an example of createIndex in the guide");
  await mkdir(join(packageRoot(), "build"), { recursive: true });
  const folder = await mkdtemp(join(packageRoot(), "build", "guide-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(packageRoot(), join(folder, "node_modules", "countenance"));
  await writeFile(join(folder, "index.mjs"), example);
  const { stdout } = await promisify(execFile)(process.execPath, ["index.mjs"], { cwd: folder });
  expect(stdout).toBe("red 0.0061\n");
  await rm(folder, { recursive: true });
});

test("every bench result and page that README and docs name is there", () => {
  const pages = ["README.md", "docs/guide.md", "docs/decisions.md"];
  for (const page of pages) {
    const text = readFileSync(join(packageRoot(), page), "utf8");
    const named = text.match(/(?:bench\/results|docs|models|scripts)\/[\w.-]+\.\w+/g) ?? [];
    expect(named.filter((path) => !existsSync(join(packageRoot(), path)))).toEqual([]);
    expect(text).not.toMatch(/MEASURED|MEMORY/);
  }
});
