import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createEngine, type Engine } from "../src/engine.js";
import type { RawImage } from "../src/image.js";
import { hasRealPassiveModels, passiveModels } from "./fixtures/passive-models.js";
import { faceless, portraits, rawPixels, samplePath } from "./fixtures/photos.js";

/** One face of sample 1 with some surroundings. */
async function portrait(engine: Engine, longerSide: number): Promise<RawImage> {
  const [first] = await portraits(engine, 1);
  if (first === undefined) throw new Error("expected a face");
  return rawPixels(first, longerSide);
}

/** Red and blue change places: warm becomes cold. */
function cold(image: RawImage): RawImage {
  const data = Uint8Array.from(image.data);
  for (let i = 0; i < data.length; i += 3) data.set([...data.subarray(i, i + 3)].reverse(), i);
  return { ...image, data };
}

describe("with networks to which warm colours are live", () => {
  let folder: string;
  let engine: Engine;
  let picture: RawImage;
  beforeAll(async () => {
    folder = await passiveModels("tiny");
    engine = await createEngine({ models: folder, threads: 2 });
    picture = await portrait(engine, 640);
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });

  test("a warm face is live to both, a cold one to none", async () => {
    const warm = await engine.spoofScores(picture);
    expect(warm).toMatchObject({ faces: 1, v2: expect.any(Number) });
    expect(Math.min(warm.v2, warm.v1se)).toBeGreaterThan(0.5);
    const other = await engine.spoofScores(cold(picture));
    expect(Math.max(other.v2, other.v1se)).toBeLessThan(0.2);
    expect(other.faceSize).toBeGreaterThan(0.8 * warm.faceSize);
  });

  test("surroundings are told in sizes of the face, up to 4, and the size of the face in pixels", async () => {
    const [face] = await engine.analyze(picture, { embed: false });
    if (face === undefined) throw new Error("expected a face");
    const { faceSize, surroundings } = await engine.spoofScores(picture);
    expect(faceSize).toBeCloseTo((face.box.width + face.box.height) / 2, 1);
    const high = (picture.height - 1) / (1.26 * faceSize);
    const wide = (picture.width - 1) / (0.9 * faceSize);
    expect(surroundings).toBeCloseTo(Math.min(4, high, wide), 2);
  });

  test("a picture without a face has none, and a grey one no colour", async () => {
    expect(await engine.spoofScores(faceless())).toMatchObject({ faces: 0 });
    const grey = await sharp(picture.data, {
      raw: { width: picture.width, height: picture.height, channels: 3 },
    })
      .greyscale()
      .png()
      .toBuffer();
    expect(await engine.spoofScores(grey)).toMatchObject({ faces: 1, colour: 0 });
  });

  test("several faces are told as two", async () => {
    expect(await engine.spoofScores({ path: samplePath(5) })).toMatchObject({ faces: 2 });
  });

  test("many calls at once give what one gives", async () => {
    const alone = await engine.spoofScores(picture);
    const many = await Promise.all(Array.from({ length: 12 }, () => engine.spoofScores(picture)));
    for (const scores of many) expect(scores).toEqual(alone);
  });

  test("an abort ends a call and no other one", async () => {
    const controller = new AbortController();
    const first = engine.spoofScores(picture, { signal: controller.signal });
    const second = engine.spoofScores(picture);
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: "COUNTENANCE_ABORTED" });
    await expect(second).resolves.toMatchObject({ faces: 1 });
  });

  test.each<[string, unknown, unknown, string]>([
    ["a string", "photo.jpg", {}, "COUNTENANCE_INVALID_ARGUMENT"],
    [
      "an unknown option",
      { data: new Uint8Array(1), width: 1, height: 1, channels: 1 },
      { point: 1 },
      "COUNTENANCE_INVALID_ARGUMENT",
    ],
    ["bytes that are no picture", new Uint8Array(64), {}, "COUNTENANCE_IMAGE_UNREADABLE"],
  ])("%s is refused", async (_what, image, options, code) => {
    await expect(engine.spoofScores(image as RawImage, options as object)).rejects.toMatchObject({
      code,
    });
  });
});

test("without the networks it is MODEL_MISSING, which says how to add them, until they are there", async () => {
  const folder = await passiveModels("none");
  try {
    await using engine = await createEngine({ models: folder, threads: 1 });
    const picture = faceless();
    await expect(engine.spoofScores(picture)).rejects.toMatchObject({
      code: "COUNTENANCE_MODEL_MISSING",
      message: expect.stringContaining("countenance models add minifasnet-v"),
    });
    await writeFile(join(folder, "added.json"), "{}");
    await expect(engine.spoofScores(picture)).rejects.toMatchObject({
      code: "COUNTENANCE_MODEL_CORRUPT",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a closed engine scores nothing more, and closing ends what is under way", async () => {
  const folder = await passiveModels("tiny");
  try {
    const engine = await createEngine({ models: folder, threads: 1 });
    const picture = await portrait(engine, 640);
    const underWay = engine.spoofScores(picture);
    const closed = engine.close();
    await expect(underWay).rejects.toMatchObject({ code: "COUNTENANCE_ENGINE_CLOSED" });
    await closed;
    await expect(engine.spoofScores(picture)).rejects.toMatchObject({
      code: "COUNTENANCE_ENGINE_CLOSED",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe.skipIf(!hasRealPassiveModels)(
  "with the real networks (needs ../shared/data/models)",
  () => {
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

    test("a smaller copy of a picture scores about as the picture does", async () => {
      const whole = await engine.spoofScores(await portrait(engine, 2000));
      const copy = await engine.spoofScores(await portrait(engine, 300));
      expect(Math.abs(whole.v2 + whole.v1se - copy.v2 - copy.v1se)).toBeLessThan(0.3);
    });
  },
);
