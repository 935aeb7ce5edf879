import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { DEFAULT_MAX_DISTANCE } from "../src/matching.js";
import { openCountenance } from "../src/countenance.js";
import { createEngine, type Engine } from "../src/engine.js";
import { CountenanceError } from "../src/errors.js";
import type { RawImage } from "../src/image.js";
import { modelFolder } from "../src/models.js";
import { Template } from "../src/template.js";
import { faceless, portraits, rawPixels, samplePath } from "./fixtures/photos.js";

const failure = (code: string): unknown => expect.objectContaining({ code });

let engine: Engine;
let portrait: Buffer;
let small: RawImage;
beforeAll(async () => {
  engine = await createEngine();
  const [first] = await portraits(engine, 3);
  if (first === undefined) throw new Error("expected a face in the sample photo");
  portrait = first;
  small = await rawPixels(portrait, 200);
});
afterAll(() => engine.close());

describe("analyze", () => {
  test("finds the people of a group photo, largest first, inside the picture", async () => {
    const faces = await engine.analyze({ path: samplePath(3) });
    expect(faces).toHaveLength(3);
    const areas = faces.map(({ box }) => box.width * box.height);
    expect(areas).toEqual([...areas].sort((a, b) => b - a));
    for (const { box, landmarks, template, score } of faces) {
      expect(score).toBeGreaterThan(0);
      expect(template).toMatchObject({ modelId: engine.modelId, pipeline: engine.pipeline });
      expect(landmarks).toHaveLength(5);
      for (const { x, y } of landmarks) {
        expect(x).toBeGreaterThan(box.x - box.width / 4);
        expect(x).toBeLessThan(box.x + box.width * 1.25);
        expect(y).toBeGreaterThan(box.y - box.height / 4);
        expect(y).toBeLessThan(box.y + box.height * 1.25);
      }
      // The viewer's right eye is the first pair of points.
      expect(landmarks[0]?.x).toBeGreaterThan(landmarks[2]?.x ?? Infinity);
      expect(landmarks[4]?.y).toBeGreaterThan(landmarks[0]?.y ?? Infinity);
    }
  });

  test("finds nobody in a picture without a face", async () => {
    expect(await engine.analyze(faceless())).toEqual([]);
  });

  test("makes the same template of the same pixels, on every worker", async () => {
    const templates = await Promise.all(Array.from({ length: 8 }, () => engine.embed(portrait)));
    for (const template of templates) expect(template.vector).toEqual(templates[0]?.vector);
  });

  test("makes nearly the same template of a re-encoded picture", async () => {
    const a = await engine.embed(portrait);
    const b = await engine.embed(await rawPixels(portrait, 10_000));
    expect(engine.compare(a, b)).toBeLessThan(0.01);
  });

  test("makes nearly the same template of a grey picture and of its RGB copy", async () => {
    const grey = await sharp(portrait).toColourspace("b-w").png().toBuffer();
    const { width, height, channels } = await sharp(grey).metadata();
    expect(channels).toBe(1);
    const data = await sharp(grey).toColourspace("srgb").raw().toBuffer();
    const rgb = await engine.embed({ data, width, height, channels: 3 });
    // Warps round one channel and three in another order.
    expect(engine.compare(await engine.embed(grey), rgb)).toBeLessThan(0.01);
  });

  test("without embed gives faces without templates", async () => {
    const [face] = await engine.analyze(portrait, { embed: false });
    expect(face).toMatchObject({ score: expect.any(Number) });
    expect(face).not.toHaveProperty("template");
  });

  test("gives at most maxFaces, the largest ones", async () => {
    const all = await engine.analyze({ path: samplePath(3) });
    const two = await engine.analyze({ path: samplePath(3) }, { maxFaces: 2 });
    expect(two.map(({ box }) => box)).toEqual(all.slice(0, 2).map(({ box }) => box));
  });

  test("reads the picture as it was when called, though the caller reuses the buffer", async () => {
    const expected = await engine.embed(small);
    const reused = { ...small, data: new Uint8Array(small.data) };
    const running = engine.embed(reused);
    reused.data.fill(0);
    expect((await running).vector).toEqual(expected.vector);
  });

  test("so do register, verify, search and compare", async () => {
    await using faces = await openCountenance({ engine });
    const copies = Array.from({ length: 5 }, () => Uint8Array.from(portrait));
    const [a, b, c, d, e] = copies;
    if (!a || !b || !c || !d || !e) throw new Error("five copies were made");
    const registering = faces.register("ada", [a, b]);
    for (const used of [a, b]) used.fill(0);
    await registering;
    const calls = [faces.verify("ada", c), faces.search(d), faces.compare(e, e)] as const;
    for (const used of [c, d, e]) used.fill(0);
    for (const { decision } of await Promise.all(calls)) expect(decision.kind).toBe("match");
  });

  test.each([
    [1, 1],
    [1, 500],
    [500, 1],
    [2, 2],
    [5000, 3],
    [79, 81],
  ])("survives a picture of %i x %i", async (width, height) => {
    expect(await engine.analyze(faceless(width, height))).toEqual([]);
  });

  test.each([[{ maxFaces: 0 }], [{ maxFaces: 1.5 }], [{ embed: 1 }], [{ size: 1 }], [null]])(
    "refuses options %o",
    async (options) => {
      await expect(engine.analyze(small, options as object)).rejects.toEqual(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
    },
  );
});

describe("embed", () => {
  test("tells one person from another", async () => {
    const [a, b, c] = await Promise.all(
      (await portraits(engine, 3)).map((picture) => engine.embed(picture)),
    );
    if (!a || !b || !c) throw new Error("expected three portraits");
    expect(engine.compare(a, a)).toBe(0);
    for (const [x, y] of [[a, b] as const, [a, c] as const, [b, c] as const]) {
      expect(engine.compare(x, y)).toBeGreaterThan(DEFAULT_MAX_DISTANCE);
    }
  });

  test("knows a person again in a photo of another evening", async () => {
    const [, here] = await portraits(engine, 3);
    const there = (await portraits(engine, 1)).at(-1);
    if (!here || !there) throw new Error("expected portraits");
    const distance = engine.compare(await engine.embed(here), await engine.embed(there));
    expect(distance).toBeLessThan(DEFAULT_MAX_DISTANCE);
  });

  test("of a picture without a face is NO_FACE", async () => {
    await expect(engine.embed(faceless())).rejects.toEqual(failure("COUNTENANCE_NO_FACE"));
  });

  test("of a group photo is MULTIPLE_FACES", async () => {
    await expect(engine.embed({ path: samplePath(3) })).rejects.toEqual(
      failure("COUNTENANCE_MULTIPLE_FACES"),
    );
  });

  test("survives the template's byte format", async () => {
    const template = await engine.embed(portrait);
    expect(Template.fromBytes(template.toBytes())).toEqual(template);
    expect(engine.compare(template, Template.fromBytes(template.toBytes()))).toBe(0);
  });
});

describe("createEngine", () => {
  test.each([
    [{ threads: 0 }],
    [{ threads: 257 }],
    [{ queueLimit: 0 }],
    [{ maxImageBytes: -1 }],
    [{ thread: 1 }],
    [{ threads: null }],
    [{ models: 5 }],
    [{ detector: "cnn" }],
    [{ detector: null }],
    [{ alignment: "68 points" }],
    [{ precision: "f16" }],
    [{ precision: ["f32"] }],
    [null],
  ])("refuses options %o", async (options) => {
    await expect(createEngine(options as object)).rejects.toEqual(
      failure("COUNTENANCE_INVALID_ARGUMENT"),
    );
  });

  test("names what it works with", async () => {
    const options = { threads: 1, detector: "hog", alignment: "dlib", precision: "f32" } as const;
    await using plain = await createEngine(options);
    expect(plain).toMatchObject({ detector: "hog", pipeline: "dlib-chip-150-0.25/f32" });
  });

  test("by default works in a precision whose templates compare with f32, whatever the CPU", async () => {
    await using f32 = await createEngine({ threads: 1, precision: "f32" });
    expect(engine.pipeline).toMatch(/\/(?:bf16|f32)$/);
    const [a, b] = [await f32.embed(portrait), await engine.embed(portrait)];
    // Half of what separates a picture from its re-encoded copy, at most.
    expect(engine.compare(a, b)).toBeLessThan(0.01);
  });

  test("with a precision that the CPU lacks is UNSUPPORTED, and works where it does not", async () => {
    for (const precision of ["bf16", "int8"] as const) {
      const made = await createEngine({ threads: 1, precision }).catch((error: unknown) => error);
      if (made instanceof CountenanceError) {
        expect(made).toEqual(failure("COUNTENANCE_UNSUPPORTED"));
        expect(made.message).toMatch(/this CPU lacks/);
        continue;
      }
      await using other = made as Engine; // it is no error
      expect(other.pipeline).toMatch(new RegExp(`/${precision}$`));
      expect(await other.analyze(portrait)).toHaveLength(1);
    }
  });

  test("with YuNet before its model was added is MODEL_MISSING and says how to add it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countenance-engine-"));
    await cp(modelFolder(), folder, { recursive: true, filter: (path) => !/yunet/.test(path) });
    await expect(createEngine({ models: folder, detector: "yunet" })).rejects.toMatchObject({
      code: "COUNTENANCE_MODEL_MISSING",
      message: expect.stringContaining("countenance models add yunet"),
    });
    await rm(folder, { recursive: true });
  });

  test("that was aborted before loads nothing", async () => {
    await expect(createEngine({ signal: AbortSignal.abort() })).rejects.toEqual(
      failure("COUNTENANCE_ABORTED"),
    );
  });

  test("obeys its own picture limits", async () => {
    await using strict = await createEngine({ threads: 1, maxImagePixels: 100 });
    await expect(strict.analyze(portrait)).rejects.toEqual(failure("COUNTENANCE_IMAGE_TOO_LARGE"));
  });
});

describe("under load", () => {
  test("a full queue is BUSY at once, and what was admitted succeeds", async () => {
    await using busy = await createEngine({ threads: 2, queueLimit: 4 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => busy.analyze(small)),
    );
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(6);
    for (const { reason } of refused as PromiseRejectedResult[]) {
      expect(reason).toEqual(failure("COUNTENANCE_BUSY"));
    }
    expect(await busy.analyze(small)).toHaveLength(1);
  });

  test("5,000 concurrent calls end, in bounded memory", async () => {
    await using busy = await createEngine({ threads: 2, queueLimit: 64 });
    const before = process.memoryUsage().rss;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5000 }, () => busy.analyze(portrait)),
    );
    const grown = process.memoryUsage().rss - before;
    const found = outcomes.filter(({ status }) => status === "fulfilled");
    expect(found).toHaveLength(64);
    // 64 encoded copies and a few decoded pictures: far less than 5,000 of either.
    expect(grown).toBeLessThan(256 * 1024 * 1024);
  });

  test("an abort ends a call that waits and one that runs, and spares the others", async () => {
    await using one = await createEngine({ threads: 1 });
    const controllers = Array.from({ length: 6 }, () => new AbortController());
    const calls = controllers.map(({ signal }) => one.analyze(small, { signal }));
    const outcomes = Promise.allSettled(calls);
    for (const controller of controllers.slice(1)) controller.abort("enough");
    const [first, ...rest] = await outcomes;
    expect(first?.status).toBe("fulfilled");
    for (const outcome of rest) {
      expect(outcome).toMatchObject({
        status: "rejected",
        reason: { code: "COUNTENANCE_ABORTED", cause: "enough" },
      });
    }
  });

  test("an abort at any moment gives ABORTED or a result, and the engine goes on", async () => {
    await using one = await createEngine({ threads: 1 });
    for (let delayMs = 0; delayMs < 40; delayMs += 2) {
      const signal = AbortSignal.timeout(delayMs);
      const outcome = await one.analyze(portrait, { signal }).then(
        (faces) => faces.length,
        (error: unknown) => error,
      );
      if (outcome !== 1) expect(outcome).toEqual(failure("COUNTENANCE_ABORTED"));
    }
    expect(await one.analyze(portrait)).toHaveLength(1);
  });
});

describe("close", () => {
  test("ends work under way, refuses new work, and may be called twice", async () => {
    const closing = await createEngine({ threads: 2 });
    const outcomes = Promise.allSettled(Array.from({ length: 20 }, () => closing.analyze(small)));
    await Promise.all([closing.close(), closing.close()]);
    for (const outcome of await outcomes) {
      if (outcome.status === "rejected")
        expect(outcome.reason).toEqual(failure("COUNTENANCE_ENGINE_CLOSED"));
    }
    await expect(closing.analyze(small)).rejects.toEqual(failure("COUNTENANCE_ENGINE_CLOSED"));
  });

  test("many engines can be opened and closed in turn", async () => {
    for (let i = 0; i < 10; i++) {
      await using next = await createEngine({ threads: 2 });
      expect(next.threads).toBe(2);
    }
  });
});
