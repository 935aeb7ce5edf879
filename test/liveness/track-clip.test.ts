import { afterAll, beforeAll, expect, test } from "vitest";

import { createEngine, type Engine } from "../../src/engine.js";
import { trackClip } from "../../src/liveness/track-clip.js";
import { type VideoFrame, videoFrames } from "../../src/liveness/video.js";
import { testClip } from "../clips.js";

let engine: Engine;
let clip: Buffer;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  clip = await testClip();
});
afterAll(() => engine.close());

const { signal } = new AbortController();

test("a clip's pictures are freed as soon as they have been followed", async () => {
  const pictures: VideoFrame[] = [];
  const seenBytes: number[] = [];
  const { frames } = await trackClip(engine, clip, {}, signal, (picture) => {
    pictures.push(picture);
    seenBytes.push(picture.image.data.length);
  });
  expect(pictures).toHaveLength(frames.length);
  expect(Math.min(...seenBytes)).toBeGreaterThan(0);
  expect(pictures.map(({ image }) => image.data.length)).toEqual(frames.map(() => 0));
});

test("pictures that a caller passes on to trackEyes stay the caller's", async () => {
  const pictures: VideoFrame[] = [];
  for await (const picture of videoFrames(clip)) pictures.push(picture);
  const before = pictures.map(({ image }) => image.data.length);
  async function* again() {
    yield* pictures;
  }
  let followed = 0;
  for await (const _ of engine.trackEyes(again())) followed++;
  expect(followed).toBe(before.length);
  expect(pictures.map(({ image }) => image.data.length)).toEqual(before);
  expect(before.length).toBeGreaterThan(1);
});
