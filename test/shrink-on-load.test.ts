import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createEngine, type Engine } from "../src/engine.js";
import type { Face } from "../src/face.js";
import { rawPixels, samplePath } from "./fixtures/photos.js";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Raw pixels are never shrunk: what the whole picture gives. */
const ofWhole = async (jpeg: Buffer) => engine.analyze(await rawPixels(jpeg, 100_000));

function only(faces: readonly Face[]): Face & Required<Pick<Face, "template">> {
  const [face, second] = faces;
  if (face?.template === undefined || second !== undefined) throw new Error("expected one face");
  return { ...face, template: face.template };
}

function expectSamePlace(a: Face, b: Face, tolerancePx: number): void {
  for (const key of ["x", "y", "width", "height"] as const) {
    expect(Math.abs(a.box[key] - b.box[key])).toBeLessThan(tolerancePx);
  }
  a.landmarks.forEach(({ x, y }, i) => {
    const other = b.landmarks[i];
    expect(Math.hypot(x - (other?.x ?? NaN), y - (other?.y ?? NaN))).toBeLessThan(tolerancePx);
  });
}

/** The person at the left of sample 3, alone, as large as a phone's camera makes it. */
const closeUp = () =>
  sharp(samplePath(3))
    .extract({ left: 200, top: 240, width: 860, height: 484 })
    .resize(4000, 2251, { fit: "fill" });

test("a large face gives nearly the same from a shrunk copy, in pixels of the whole", async () => {
  const jpeg = await closeUp().jpeg().toBuffer();
  const [copied, whole] = [only(await engine.analyze(jpeg)), only(await ofWhole(jpeg))];
  expect(copied.template.vector).not.toEqual(whole.template.vector); // it was shrunk
  expectSamePlace(copied, whole, whole.box.width / 40);
  expect(engine.compare(copied.template, whole.template)).toBeLessThan(0.1);
});

test("so it does when EXIF turns the picture", async () => {
  const turned = await closeUp().rotate(90).withMetadata({ orientation: 8 }).jpeg().toBuffer();
  const upright = await closeUp().jpeg().toBuffer();
  const [a, b] = [only(await engine.analyze(turned)), only(await ofWhole(upright))];
  expectSamePlace(a, b, b.box.width / 40);
});

test("faces that are small in a large picture get all of its pixels", async () => {
  const crowd = sharp(samplePath(3)).extend({ right: 1920, bottom: 1200, background: "#807468" });
  const jpeg = await crowd.jpeg({ quality: 95 }).toBuffer();
  const [copied, whole] = [await engine.analyze(jpeg), await ofWhole(jpeg)];
  expect(copied.length).toBeGreaterThan(1);
  expect(copied).toEqual(whole);
});
