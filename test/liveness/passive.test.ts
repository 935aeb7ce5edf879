import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { SpoofScores } from "../../src/engine-passive.js";
import { openCountenance } from "../../src/countenance.js";
import { createEngine, type Engine } from "../../src/engine.js";
import type { ImageInput, RawImage } from "../../src/image.js";
import { packageRoot } from "../../src/internal/native.js";
import { checkPassive, type PassiveInput, passiveRules } from "../../src/liveness/passive.js";
import { type VideoFrame, videoFrames } from "../../src/liveness/video.js";
import { passiveModels } from "../fixtures/passive-models.js";
import { portraits, rawPixels } from "../fixtures/photos.js";
import { ScriptedEngine } from "../fixtures/scripted-engine.js";

const never = new AbortController().signal;

/** Pictures of one pixel, whose grey value over 255 is what both networks say. */
class ScriptedScores extends ScriptedEngine {
  scored = 0;
  override async spoofScores(image?: ImageInput): Promise<never> {
    this.scored += 1;
    const live = ((image as RawImage).data[0] ?? 0) / 255;
    const scores: SpoofScores = {
      faces: 1,
      faceSize: 100,
      v2: live,
      v1se: live,
      surroundings: 2,
      colour: 50,
    };
    return scores as never; // the scripted engine promises nothing
  }
}

const pixel = (value: number): RawImage => ({
  data: Uint8Array.of(value),
  width: 1,
  height: 1,
  channels: 1,
});

async function* clip(count: number, everyMs: number, value: number): AsyncGenerator<VideoFrame> {
  for (let i = 0; i < count; ++i) yield { image: pixel(value), timestampMs: i * everyMs };
}

const check = (engine: Engine, input: PassiveInput, options: object = {}, signal = never) =>
  checkPassive(engine, input, passiveRules({}, options), signal);

test.each([
  ["usability", 80, "live"],
  ["balanced", 80, "spoof"],
  ["balanced", 140, "live"],
  ["security", 140, "spoof"],
  ["security", 240, "live"],
])("at the point %s, a score of %i of 255 is %s", async (point, value, decision) => {
  const result = await check(new ScriptedScores(), pixel(value), { point });
  expect(result).toMatchObject({ decision, score: value / 255, reasons: [], validated: false });
});

test("a list of pictures is judged by its median, and every score is told", async () => {
  const result = await check(new ScriptedScores(), [pixel(0), pixel(255), pixel(204)]);
  expect(result).toMatchObject({ decision: "live", score: 0.8, threshold: 0.5 });
  expect(result.frames.map(({ score }) => score)).toEqual([0, 1, 0.8]);
});

test("a clip is judged by frames from all over it", async () => {
  const engine = new ScriptedScores();
  const result = await check(engine, { video: clip(90, 33, 204) });
  expect(result).toMatchObject({ decision: "live", score: 0.8 });
  expect(result.frames.length).toBeGreaterThan(15);
  expect(engine.scored).toBeLessThan(30);
  expect(result.frames.at(-1)?.timestampMs).toBeGreaterThan(2700);
});

test("a long clip costs no more than a bounded number of frames, spread over all of it", async () => {
  const engine = new ScriptedScores();
  const result = await check(engine, { video: clip(600, 1000, 204) }, { maxDurationMs: 600_000 });
  expect(result.frames.length).toBeLessThanOrEqual(64);
  expect(engine.scored).toBeLessThan(300);
  const times = result.frames.map(({ timestampMs }) => timestampMs ?? NaN);
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? NaN));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * Math.min(...gaps));
  expect(times.at(-1)).toBeGreaterThan(550_000);
});

test("a clip of too few frames is inconclusive, not a spoof", async () => {
  const result = await check(new ScriptedScores(), { video: clip(3, 40, 0) });
  expect(result).toMatchObject({ decision: "inconclusive", reasons: ["TOO_FEW_FRAMES"] });
});

test("an abort ends a clip, and no further frame is scored", async () => {
  const controller = new AbortController();
  const engine = new ScriptedScores();
  async function* endless(): AsyncGenerator<VideoFrame> {
    for (let i = 0; ; ++i) {
      if (i === 10) controller.abort();
      yield { image: pixel(9), timestampMs: i * 200 };
    }
  }
  await expect(
    check(engine, { video: endless() }, { maxDurationMs: 600_000 }, controller.signal),
  ).rejects.toMatchObject({ code: "COUNTENANCE_ABORTED" });
  expect(engine.scored).toBeLessThanOrEqual(11);
});

test.each<[string, unknown, object]>([
  ["an unknown point", pixel(1), { point: "strict" }],
  ["a duration of nothing", pixel(1), { maxDurationMs: 0 }],
  ["no pictures", [], {}],
  ["101 pictures", Array.from({ length: 101 }, () => pixel(1)), {}],
  ["no video", { video: undefined }, {}],
  ["more than a video", { video: clip(9, 100, 9), image: pixel(1) }, {}],
])("%s is INVALID_ARGUMENT", async (_what, input, options) => {
  const call = async () => check(new ScriptedScores(), input as PassiveInput, options);
  await expect(call()).rejects.toMatchObject({ code: "COUNTENANCE_INVALID_ARGUMENT" });
});

test("an engine that cannot score is UNSUPPORTED", async () => {
  const older = Object.assign(new ScriptedEngine(), {
    spoofScores: undefined,
  }) as unknown as Engine;
  await expect(check(older, pixel(1))).rejects.toMatchObject({ code: "COUNTENANCE_UNSUPPORTED" });
});

describe("with an engine", () => {
  let folder: string;
  let engine: Engine;
  let portrait: Buffer;
  beforeAll(async () => {
    folder = await passiveModels("tiny"); // to it, warm colours are live
    engine = await createEngine({ models: folder, threads: 1 });
    const [first] = await portraits(engine, 1);
    if (first === undefined) throw new Error("expected a face");
    portrait = first;
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });

  test("a picture of a face is judged", async () => {
    expect(await check(engine, portrait)).toMatchObject({ decision: "live", reasons: [] });
  });

  test("countenance judges what it is given, with its options and its errors", async () => {
    await using faces = await openCountenance({ engine });
    expect(await faces.liveness.passive(portrait)).toMatchObject({ decision: "live" });
    const strict = faces.liveness.passive([portrait, portrait], { point: "security" });
    expect(await strict).toMatchObject({ threshold: 0.9, frames: [{}, {}] });
    const unknown = { points: "balanced" } as object;
    await expect(faces.liveness.passive(portrait, unknown)).rejects.toMatchObject({
      code: "COUNTENANCE_INVALID_ARGUMENT",
    });
    const signal = AbortSignal.abort();
    await expect(faces.liveness.passive(portrait, { signal })).rejects.toMatchObject({
      code: "COUNTENANCE_ABORTED",
    });
  });

  test("a list with holes is INVALID_ARGUMENT", async () => {
    const call = check(engine, new Array<ImageInput>(3));
    await expect(call).rejects.toMatchObject({ code: "COUNTENANCE_INVALID_ARGUMENT" });
  });

  test("a selfie that was cropped to the face is inconclusive, not a fake", async () => {
    const image = await rawPixels(portrait, 400);
    const [face] = await engine.analyze(image, { embed: false });
    if (face === undefined) throw new Error("expected a face");
    const left = Math.round(face.box.x);
    const top = Math.round(face.box.y - face.box.height * 0.2);
    const width = Math.round(face.box.width);
    const height = Math.round(face.box.height * 1.2);
    const data = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; ++y) {
      const start = ((top + y) * image.width + left) * 3;
      data.set(image.data.subarray(start, start + width * 3), y * width * 3);
    }
    const result = await check(engine, { data, width, height, channels: 3 });
    expect(result).toMatchObject({ decision: "inconclusive", reasons: ["NO_SURROUNDINGS"] });
  });

  test("a picture without a face is inconclusive", async () => {
    const flat = { data: new Uint8Array(300 * 300 * 3), width: 300, height: 300, channels: 3 };
    expect(await check(engine, flat as RawImage)).toMatchObject({
      decision: "inconclusive",
      score: undefined,
      reasons: ["NO_FACE"],
    });
  });
});

/** The first three seconds: the bench judges the whole clips. */
async function* start(path: string): AsyncGenerator<VideoFrame> {
  for await (const frame of videoFrames({ path }, { maxDurationMs: 30_000 })) {
    if (frame.timestampMs > 3000) return;
    yield frame;
  }
}

const spoof = join(packageRoot(), "..", "shared", "data", "spoof");
describe.skipIf(!existsSync(spoof))("on two people's clips (needs ../shared/data)", () => {
  let folder: string;
  let engine: Engine;
  beforeAll(async () => {
    folder = await passiveModels("real");
    engine = await createEngine({ models: folder, threads: 1 });
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });

  test.each([
    ["lestari-real.mp4", "live"],
    ["lestari-fake.mp4", "spoof"],
    ["luyt-real.mp4", "live"],
    ["luyt-fake.mp4", "spoof"],
  ])("%s is %s at the balanced point", async (file, decision) => {
    const result = await check(engine, { video: start(join(spoof, file)) });
    expect(result).toMatchObject({ decision });
  });
});
