import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { framesOf, type Scene, sceneOf, writeClip } from "../../scripts/synthetic-clip.mjs";
import { type Countenance, openCountenance } from "../../src/countenance.js";
import type { Face } from "../../src/face.js";
import type { VideoFrame } from "../../src/liveness/video.js";
import { samplePath } from "../fixtures/photos.js";

const failure = (code: string): unknown => expect.objectContaining({ code });
/** Enough for one blink with open eyes before and after it. */
const SHORT = { durationMs: 1800, framesPerSecond: 25 } as const;
const BLINKING = { ...SHORT, blinksAtMs: [700] } as const;

let faces: Countenance;
let folder: string;
/** Two people of one photo, and each one's clip-to-be; and both of them in one picture. */
let [ada, bea]: (Face | undefined)[] = [];
let adaScene: Scene;
let beaScene: Scene;
let bothScene: Scene;
beforeAll(async () => {
  faces = await openCountenance();
  folder = await mkdtemp(join(tmpdir(), "countenance-"));
  const photo = samplePath(3);
  const found = [...(await faces.engine.analyze({ path: photo }))].sort(
    (a, b) => a.box.x - b.box.x,
  );
  [bea, ada] = found;
  if (ada === undefined || bea === undefined) throw new Error("expected two faces");
  adaScene = await sceneOf(photo, ada, { side: 320 });
  beaScene = await sceneOf(photo, bea, { side: 320 });
  bothScene = await sceneOf(photo, ada, { side: 400, around: 4.5 });
});
afterAll(async () => {
  await faces.close();
  await rm(folder, { recursive: true });
});

/** As a camera gives them: one after the other, with new times. */
async function* live(
  ...takes: Iterable<VideoFrame>[]
): AsyncGenerator<VideoFrame, void, undefined> {
  let count = 0;
  for (const frames of takes) {
    for (const { image } of frames) {
      await new Promise((resolve) => setImmediate(resolve));
      yield { image, timestampMs: count++ * 40 };
    }
  }
}

test("a photo with drawn lids blinks where they were drawn, and matches the photo", async () => {
  const result = await faces.liveness.blink(live(framesOf(adaScene, BLINKING)));
  expect(result).toMatchObject({ live: true, reasons: [] });
  const [blink] = result.blinks;
  expect(result.blinks).toHaveLength(1);
  expect(blink?.peakMs).toBeGreaterThan(760);
  expect(blink?.peakMs).toBeLessThan(900);
  const { bestFrame, template } = result;
  expect(Math.min(bestFrame?.face.eyes.left ?? 0, bestFrame?.face.eyes.right ?? 0)).toBeGreaterThan(
    0.2,
  );
  const { decision, distance } = await faces.compare(template ?? "", ada?.template ?? "");
  expect([decision.kind, distance < 0.3]).toEqual(["match", true]);
});

test("the same photo without them is not live, whatever the hand does", async () => {
  for (const shake of [0, 3]) {
    const result = await faces.liveness.blink(live(framesOf(adaScene, { ...SHORT, shake })));
    expect(result).toMatchObject({ live: false, blinks: [] });
    expect(result.reasons).toContain("NO_BLINK");
  }
});

test("a person who is replaced in the middle is DIFFERENT_PERSON, whoever blinks", async () => {
  const still = () => framesOf(adaScene, SHORT);
  for (const takes of [
    [still(), framesOf(beaScene, BLINKING)],
    [framesOf(beaScene, BLINKING), still()],
  ]) {
    const result = await faces.liveness.blink(live(...takes));
    expect(result.live).toBe(false);
    expect(result.reasons).toContain("DIFFERENT_PERSON");
    expect(result.blinks).toHaveLength(1);
  }
});

test("two people in view are MULTIPLE_FACES", async () => {
  const { live: isLive, reasons } = await faces.liveness.blink(live(framesOf(bothScene, BLINKING)));
  expect(isLive).toBe(false);
  expect(reasons).toContain("MULTIPLE_FACES");
});

test("a blink that is spliced in from where the camera was elsewhere is CUT", async () => {
  const photo = samplePath(3);
  if (ada === undefined) throw new Error("expected a face");
  const { x, y, width, height } = ada.box;
  const box = { x: x - width / 2, y, width, height };
  const elsewhere = await sceneOf(photo, { ...ada, box }, { side: 320 });
  const result = await faces.liveness.blink(
    live(framesOf(adaScene, SHORT), framesOf(elsewhere, BLINKING)),
  );
  expect(result).toMatchObject({ live: false, reasons: ["CUT"] });
});

describe("a file", () => {
  test("registers by path and verifies by bytes, which may change once the call has returned", async () => {
    const path = join(folder, "ada.mp4");
    await writeClip(path, framesOf(adaScene, BLINKING), { framesPerSecond: 25 });
    await faces.register("ada", { video: { path } });
    const bytes = await readFile(path);
    const verifying = faces.verify("ada", { video: bytes });
    bytes.fill(0);
    expect(await verifying).toMatchObject({
      decision: { kind: "match" },
      liveness: { live: true },
    });
    const other = await faces.verify("ada", { video: live(framesOf(beaScene, BLINKING)) });
    expect([other.decision.kind, other.liveness.live]).toEqual(["no-match", true]);
  });

  test("that does not blink registers nobody", async () => {
    const path = join(folder, "still.mp4");
    await writeClip(path, framesOf(beaScene, SHORT), { framesPerSecond: 25 });
    const registering = faces.register("bea", { video: { path } });
    await expect(registering).rejects.toEqual(failure("COUNTENANCE_NOT_LIVE"));
    expect(await faces.subjects.get("bea")).toBeUndefined();
  });

  test("that is longer than the call allows, or no video, gives its code", async () => {
    const path = join(folder, "long.mp4");
    const data = new Uint8Array(64 * 64 * 3).fill(128);
    const grey = { image: { data, width: 64, height: 64, channels: 3 }, timestampMs: 0 } as const;
    const frames = Array.from({ length: 30 }, () => grey);
    await writeClip(path, frames, { framesPerSecond: 25 });
    await expect(faces.liveness.blink({ path }, { maxDurationMs: 900 })).rejects.toEqual(
      failure("COUNTENANCE_VIDEO_TOO_LONG"),
    );
    await expect(faces.liveness.blink(new Uint8Array(64))).rejects.toEqual(
      failure("COUNTENANCE_VIDEO_UNREADABLE"),
    );
  });
});
