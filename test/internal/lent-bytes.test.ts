import { afterAll, beforeAll, expect, test } from "vitest";

import { native, type NativeEngine } from "../../src/internal/native.js";
import { modelFolder, modelFor, readManifest, readModel } from "../../src/models.js";

const [width, height] = [640, 480];

let engine: NativeEngine;
beforeAll(async () => {
  engine = await native().createEngine({
    ...(await modelFiles()),
    detector: "hog",
    alignment: "dlib",
    precision: "f32",
    threads: 1,
    queueLimit: 10,
  }).done;
});
afterAll(() => engine.close());

async function modelFiles() {
  const folder = modelFolder();
  const manifest = await readManifest(folder);
  return {
    embedder: await readModel(folder, modelFor(manifest, "embedding")),
    landmarks: await readModel(folder, modelFor(manifest, "landmarks")),
    mesh: await readModel(folder, modelFor(manifest, "mesh")),
    iris: await readModel(folder, modelFor(manifest, "iris")),
  };
}

const analyze = (pixels: Uint8Array) => engine.analyze(pixels, width, height, 3, 1, true);

test("pixels are freed when their analysis has ended", async () => {
  const pixels = new Uint8Array(width * height * 3);
  await analyze(pixels).done;
  expect(pixels.buffer.byteLength).toBe(0);
});

test("pixels are freed when their analysis was cancelled, waiting or running", async () => {
  const all = Array.from({ length: 3 }, () => new Uint8Array(width * height * 3));
  const tasks = all.map(analyze);
  for (const task of tasks) task.cancel();
  const settled = await Promise.allSettled(tasks.map(({ done }) => done));
  // On a busy machine the first may have ended before it was cancelled.
  expect(settled.at(-1)?.status).toBe("rejected");
  for (const { buffer } of all) expect(buffer.byteLength).toBe(0);
});

test("model files are freed when the engine has loaded them, or has failed to", async () => {
  const files = await modelFiles();
  const options = { detector: "hog", alignment: "dlib", precision: "f32" } as const;
  const load = () => native().createEngine({ ...files, ...options, threads: 1, queueLimit: 1 });
  (await load().done).close();
  expect(Object.values(files).map(({ byteLength }) => byteLength)).toEqual([0, 0, 0, 0]);
  await expect(load().done).rejects.toMatchObject({ code: "COUNTENANCE_MODEL_CORRUPT" });
});

test("a part of a buffer is read in place, and the buffer stays", async () => {
  const size = width * height * 3;
  const buffer = new ArrayBuffer(size + 64);
  const { count } = await analyze(new Uint8Array(buffer, 64, size)).done;
  expect(count).toBe(0);
  expect(buffer.byteLength).toBe(size + 64);
});

test("no two analyses read one buffer: the first would free it under the second", async () => {
  const size = width * height * 3;
  const buffer = new ArrayBuffer(size + 64);
  const first = analyze(new Uint8Array(buffer, 0, size));
  const again = () => analyze(new Uint8Array(buffer, 64, size));
  expect(again).toThrow(expect.objectContaining({ code: "COUNTENANCE_INVALID_ARGUMENT" }));
  await first.done;
  await again().done; // afterwards it may
});

test("memory that other threads can write to is refused", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(width * height * 3));
  expect(() => analyze(shared)).toThrow(
    expect.objectContaining({ code: "COUNTENANCE_INVALID_ARGUMENT" }),
  );
});
