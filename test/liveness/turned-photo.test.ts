import { afterAll, beforeAll, expect, test } from "vitest";

import { createEngine, type Engine } from "../../src/engine.js";
import type { Box } from "../../src/face.js";
import type { RawImage } from "../../src/image.js";
import { findBlinks } from "../../src/liveness/blink.js";
import { judgeChallenge } from "../../src/liveness/challenge-verdict.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";
import { clipOf } from "../fixtures/frames.js";
import { portraits, rawPixels } from "../fixtures/photos.js";
import { HEAD, type Relief, SHEET, turnedPhoto } from "../fixtures/turned-photo.js";

/** The first face of sample5.jpg from the left looks into the camera. */
const FRONTAL = 0;
const TERMS = {
  steps: [
    { action: "turn-left", times: 1 },
    { action: "turn-right", times: 1 },
  ],
  stepMs: 5000,
  mirrored: false,
} as const;

let engine: Engine;
let photo: RawImage;
let box: Box;

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const portrait = (await portraits(engine, 5))[FRONTAL];
  if (portrait === undefined) throw new Error("sample5.jpg has a face");
  photo = await rawPixels(portrait, 240);
  const [face] = await engine.analyze(photo, { embed: false });
  if (face === undefined) throw new Error("the portrait has a face");
  box = face.box;
});

afterAll(() => engine.close());

/** At rest, to the person's left and back, to their right and back. */
function turningPhoto(relief: Relief): RawImage[] {
  const still = Array<number>(18).fill(0);
  const aside = Array.from({ length: 17 }, (_, i) => 32 * Math.sin((Math.PI * i) / 16));
  const back = aside.map((yaw) => -yaw);
  const pictures = new Map<number, RawImage>();
  return [...still, ...aside, ...still, ...back, ...still].map((yaw) => {
    const picture = pictures.get(yaw) ?? turnedPhoto(photo, box, { yaw, pitch: 0 }, relief);
    pictures.set(yaw, picture);
    return picture;
  });
}

async function judged(relief: Relief) {
  const tracking = engine.trackEyes(clipOf(turningPhoto(relief)), { embedEveryMs: 250 });
  const frames: TrackedFrame[] = [];
  for await (const frame of tracking) frames.push(frame);
  return judgeChallenge(TERMS, frames, findBlinks(frames).blinks, await tracking.best());
}

test("a head that turns to its left and to its right does the steps", async () => {
  const { reasons, done } = await judged(HEAD);
  expect(reasons).toEqual([]);
  expect(done.map(({ action }) => action)).toEqual(["turn-left", "turn-right"]);
});

test("a flat photo that is turned the same way does none of them: it has no depth", async () => {
  const { reasons, done } = await judged(SHEET);
  expect(reasons).toEqual(["STEP_MISSING"]);
  expect(done).toEqual([]);
});
