import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { labelledFiles } from "../../src/evaluate/labelled-files.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countenance-labels-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), "");
  }
}

test("folders say what a file shows, and endings what it is", async () => {
  await put("live/a.jpg", "live/deep/er/b.MP4", "spoof/print/c.png", "attack/phone/x/d.webm");
  const { files, others } = await labelledFiles(folder);
  expect(files.map(({ name, kind, species }) => [name, kind, species])).toEqual([
    ["attack/phone/x/d.webm", "clip", "phone"],
    ["live/a.jpg", "picture", undefined],
    ["live/deep/er/b.MP4", "clip", undefined],
    ["spoof/print/c.png", "picture", "print"],
  ]);
  expect(files[0]?.path).toBe(join(folder, "attack/phone/x/d.webm"));
  expect(others).toBe(0);
});

test("an attack outside of a species' folder is of one without a name", async () => {
  await put("spoof/a.mp4");
  expect((await labelledFiles(`${folder}/`)).files).toMatchObject([{ species: "unnamed" }]);
});

test("what is neither is counted and passed over", async () => {
  await put("live/a.jpg", "live/notes.txt", "README.md", "elsewhere/b.jpg", "c.jpg");
  const { files, others } = await labelledFiles(folder);
  expect(files).toHaveLength(1);
  expect(others).toBe(4);
});

test("a folder with nothing to measure, and one that is not there, are INVALID_ARGUMENT", async () => {
  await put("live/notes.txt");
  const invalid = { code: "COUNTENANCE_INVALID_ARGUMENT" };
  await expect(labelledFiles(folder)).rejects.toMatchObject(invalid);
  await expect(labelledFiles(join(folder, "none"))).rejects.toMatchObject(invalid);
});
