import { execFileSync, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createEngine, type Engine } from "../../src/engine.js";
import type { RawImage } from "../../src/image.js";
import { portraits, rawPixels, samplePath } from "../fixtures/photos.js";

const program = (name: string) =>
  fileURLToPath(new URL(`../fixtures/programs/${name}.mjs`, import.meta.url));

describe("worker threads", () => {
  let engine: Engine;
  let picture: RawImage;
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
    const [first] = await portraits(engine, 3);
    if (first === undefined) throw new Error("expected a face in the sample photo");
    picture = await rawPixels(first, 200);
  });
  afterAll(() => engine.close());

  const start = (times: number) =>
    new Worker(program("analyze-in-worker"), { workerData: { picture, times } });

  test("two at once, beside the main thread, give the main thread's vectors", async () => {
    const expected = (await engine.embed(picture)).vector;
    const seen: Float32Array[] = [];
    const codes = Promise.all(
      [start(5), start(5)].map((worker) => {
        worker.on("message", (vector: Float32Array) => seen.push(vector));
        return new Promise((resolve, reject) => worker.on("exit", resolve).on("error", reject));
      }),
    );
    for (let i = 0; i < 5; i++) expect((await engine.embed(picture)).vector).toEqual(expected);
    expect(await codes).toEqual([0, 0]);
    expect(seen).toHaveLength(10);
    for (const vector of seen) expect(vector).toEqual(expected);
  });

  test("one that is terminated in the middle of its work takes nobody along", async () => {
    for (let round = 0; round < 5; round++) {
      const worker = start(Infinity);
      await new Promise((resolve) => worker.once("message", resolve));
      await worker.terminate();
    }
    expect(await engine.analyze(picture)).toHaveLength(1);
  });
});

test("a closed engine gives its memory back to the system", () => {
  const text = execFileSync(process.execPath, [program("close-engine")], { encoding: "utf8" });
  const { open, closed } = JSON.parse(text) as { open: number; closed: number };
  // The packed weights alone are 25 MB in f32, half of that in bf16.
  expect(open - closed).toBeGreaterThan(10);
});

describe("the end of the process", () => {
  test.each(["exit", "throw", "drain"])("by %s during work is clean and prompt", async (how) => {
    const child = spawn(process.execPath, [program("exit-during-work"), how, samplePath(3)], {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 60_000,
    });
    let errors = "";
    child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
    const end = await new Promise((resolve) =>
      child.on("exit", (code, signal) => resolve({ code, signal })),
    );
    expect({ end, errors }).toEqual({ end: { code: 0, signal: null }, errors: "" });
  });
});
