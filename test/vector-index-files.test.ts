import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeEach, expect, test } from "vitest";

import { createIndex } from "../src/vector-index.js";

const folders: string[] = [];
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countenance-index-"));
  folders.push(folder);
});
afterAll(() => {
  for (const each of folders) rmSync(each, { recursive: true });
});

const golden = (name: string) => join(import.meta.dirname, "golden", name);
const program = (name: string) =>
  fileURLToPath(new URL(`fixtures/programs/${name}.mjs`, import.meta.url));

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => (error as { code: unknown }).code, // of ours, by the test's expectation
  );
}

test("what was saved is loaded, in the same order and with the same bits", async () => {
  const path = join(folder, "people.index");
  const vectors = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
  const ids = ["z", "\u{1f600}", "a\0b", "x".repeat(1024)];
  await using index = createIndex({ dimension: 16 });
  await index.add(ids, vectors);
  await index.save(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["people.index"]);
  await using other = createIndex({ dimension: 16 });
  await other.add(["gone"], new Float32Array(16));
  await other.load(path);
  expect([other.size, other.has("gone")]).toEqual([4, false]);
  for (const [i, id] of ids.entries()) {
    const [hit] = await other.search(vectors.subarray(i * 16, (i + 1) * 16), { k: 1 });
    expect(hit).toEqual({ id, distance: 0 });
  }
});

test("a golden file of version 1 is read", async () => {
  await using index = createIndex({ dimension: 2 });
  await index.load(golden("vector-index-v1-strings.bin"));
  expect(await index.search(Float32Array.of(0, 0.25), { k: 1 })).toEqual([
    { id: "\u00e9", distance: 0 },
  ]);
  expect([index.size, index.has("ada"), index.has("grace")]).toEqual([3, true, true]);
});

test("files of FAISS come in and go out the same", async () => {
  const path = join(folder, "faiss");
  for (const [name, metric] of [
    ["faiss-flat-l2.bin", "l2"],
    ["faiss-flat-ip.bin", "cosine"],
    ["faiss-idmap-l2.bin", "l2"],
    ["faiss-idmap-ip.bin", "cosine"],
  ] as const) {
    await using index = createIndex<number>({ dimension: 4, metric });
    await index.load(golden(name), { format: "faiss" });
    expect(index.size).toBe(3);
    await index.save(path, { format: "faiss" });
    await using again = createIndex<number>({ dimension: 4, metric });
    await again.load(path, { format: "faiss" });
    const query = Float32Array.of(0, 0, 0, 1);
    expect(await again.search(query)).toEqual(await index.search(query));
    if (name.includes("flat")) expect(readFileSync(path)).toEqual(readFileSync(golden(name)));
  }
});

test("what does not fit is an invalid argument, damage is corrupt, and neither changes anything", async () => {
  const path = join(folder, "file");
  await using index = createIndex({ dimension: 2 });
  await index.add(["here"], Float32Array.of(1, 1));
  for (const work of [
    index.save(path, { format: "faiss" }), // strings
    index.load(golden("faiss-flat-l2.bin"), { format: "faiss" }), // dimension 4
    index.load(golden("vector-index-v1-integers.bin")), // cosine
    index.load(join(folder, "absent")),
    index.load(folder),
    index.save(folder),
    index.save(join(folder, "absent", "file")),
  ]) {
    expect(await codeOf(work)).toBe("COUNTENANCE_INVALID_ARGUMENT");
  }
  const bytes = readFileSync(golden("vector-index-v1-strings.bin"));
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  for (const work of [
    index.load(path),
    index.load(path, { format: "faiss" }),
    index.load(golden("faiss-flat-l2.bin")),
    index.load(golden("template-v1.bin"), { format: "faiss" }),
  ]) {
    expect(await codeOf(work)).toBe("COUNTENANCE_STORE_CORRUPT");
  }
  expect(await index.search(Float32Array.of(1, 1))).toEqual([{ id: "here", distance: 0 }]);
});

test("searches are answered while a file is loaded, by the old contents or the new ones", async () => {
  const path = join(folder, "file");
  const ids = Array.from({ length: 20_000 }, (_, i) => i);
  await using index = createIndex<number>({ dimension: 16, threads: 2 });
  await index.add(ids, new Float32Array(20_000 * 16));
  await index.save(path);
  await index.remove(ids);
  await index.add([1, 2], new Float32Array(32));
  const loaded = index.load(path).then(() => true);
  let sizes = new Set<number>();
  while (!(await Promise.race([loaded, Promise.resolve(false)]))) {
    const hits = await index.search(new Float32Array(16), { k: 1000 });
    sizes = sizes.add(hits.length);
  }
  expect([...sizes].filter((size) => size !== 2 && size !== 1000)).toEqual([]);
  expect(sizes).toContain(2);
  expect(index.size).toBe(20_000);
});

test("a save that is aborted or finds no room leaves the old file, and nothing beside it", async () => {
  const path = join(folder, "file");
  const command = 'ulimit -f 2048; exec "$0" "$@"'; // blocks of 1 KiB
  const args = ["-c", command, process.execPath, program("save-index-full-disk"), path];
  const child = spawnSync("bash", args, { encoding: "utf8" });
  expect(child.stderr).toBe("");
  expect(JSON.parse(child.stdout)).toEqual(["saved", "COUNTENANCE_STORE_FULL"]);
  expect(readdirSync(folder)).toEqual(["file"]);
  await using index = createIndex({ dimension: 128 });
  await index.load(path);
  expect(index.size).toBe(100);

  const many = Array.from({ length: 50_000 }, (_, i) => `id-${String(i)}`);
  await index.add(many, new Float32Array(50_000 * 128));
  const controller = new AbortController();
  const aborted = index.save(path, { signal: controller.signal });
  controller.abort();
  expect(await codeOf(aborted)).toBe("COUNTENANCE_ABORTED");
  await index.load(path);
  expect(index.size).toBe(100);
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("a process that is killed while it saves leaves a whole file: the last acknowledged one, or the new one", async () => {
  const path = join(folder, "file");
  const size = 20_000;
  let leftovers = 0;
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, [program("save-index"), path, String(size)]);
    const closed = new Promise((resolve) => child.once("close", resolve));
    let saved = 0;
    child.stdout.on("data", (text: Buffer) => (saved += text.toString().split("\n").length - 1));
    while (saved < 1 + (round % 2)) await new Promise(setImmediate);
    // Some moment of the next save: once its temporary file is there, and a little later.
    while (!existsSync(`${path}.saving`)) await new Promise(setImmediate);
    setTimeout(() => child.kill("SIGKILL"), round);
    await closed;
    leftovers += readdirSync(folder).length - 1;
    await using index = createIndex({ dimension: 64 });
    await index.load(path);
    expect(index.size).toBe(size);
    const hits = await index.search(new Float32Array(64), { k: 1000 });
    // Every vector is of one generation: its distance from zero is eight times that.
    const nearest = hits[0]?.distance ?? 0;
    expect(hits.at(-1)?.distance).toBe(nearest);
    expect([saved, saved + 1]).toContain(nearest / 8);
  }
  expect(leftovers).toBeGreaterThan(0); // some were killed in the middle
});

test("worker threads have indexes of their own", () => {
  const output = execFileSync(process.execPath, [program("index-in-worker")], { encoding: "utf8" });
  expect(JSON.parse(output)).toEqual(["b", "b", "b"]);
});
