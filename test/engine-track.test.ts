import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createEngine, type Engine } from "../src/engine.js";
import type { EyeTracking, TrackEyesOptions } from "../src/engine-track.js";
import type { RawImage } from "../src/image.js";
import type { TrackedFrame } from "../src/liveness/tracked-frame.js";
import type { VideoFrame } from "../src/liveness/video.js";
import { blank, clipOf, placed } from "./fixtures/frames.js";
import { portraits, rawPixels } from "./fixtures/photos.js";

const failure = (code: string): unknown => expect.objectContaining({ code });

let engine: Engine;
let photo: RawImage; // one face
beforeAll(async () => {
  engine = await createEngine({ threads: 2 });
  const [first] = await portraits(engine, 3);
  if (first === undefined) throw new Error("expected a face in the sample photo");
  photo = await rawPixels(first, 320);
});
afterAll(() => engine.close());

async function collect(tracking: EyeTracking): Promise<TrackedFrame[]> {
  const all: TrackedFrame[] = [];
  for await (const frame of tracking) all.push(frame);
  return all;
}

const track = (images: Iterable<RawImage>, options?: TrackEyesOptions) =>
  collect(engine.trackEyes(clipOf(images), options));

describe("a face", () => {
  test("is followed while it moves, grows and turns, and everything moves with it", async () => {
    const steps = Array.from({ length: 12 }, (_, i) => i);
    const frames = await Promise.all(
      steps.map((i) =>
        placed(photo, { x: 4 * i - 24, y: 12 - 2 * i, zoom: 1 + 0.02 * i, turn: i }),
      ),
    );
    const seen = await track(frames);
    expect(seen.map(({ timestampMs }) => timestampMs)).toEqual(steps.map((i) => 40 * i));
    const faces = seen.map(({ face }) => face);
    expect(faces.map((face) => face?.followed)).toEqual(steps.map((i) => i > 0));
    const [first, last] = [faces[0], faces.at(-1)];
    if (first === undefined || last === undefined) throw new Error("unreachable");
    expect(last.pose.roll - first.pose.roll).toBeCloseTo(11, -0.5);
    expect(last.eyeGapPx / first.eyeGapPx).toBeCloseTo(1.22, 1);
    const moved = last.box.x + last.box.width / 2 - (first.box.x + first.box.width / 2);
    expect(Math.abs(moved - 44)).toBeLessThan(12);
    for (const face of faces) {
      expect(face?.score).toBeGreaterThan(0.9);
      expect(face?.eyes.left).toBeGreaterThan(0.15);
      expect(face?.eyes.right).toBeGreaterThan(0.15);
      expect(face?.template).toBeUndefined();
    }
  });

  test("that jumps is measured at once as it is when it has come to rest", async () => {
    const jumped = await placed(photo, { x: 34, y: -26 });
    const [, , moving, , , , resting] = await track([
      photo,
      photo,
      ...Array<RawImage>(5).fill(jumped),
    ]);
    if (!moving?.face || !resting?.face) throw new Error("expected a face in all frames");
    expect(moving.face.followed).toBe(true);
    expect(Math.abs(moving.face.eyes.left - resting.face.eyes.left)).toBeLessThan(0.015);
    expect(Math.abs(moving.face.eyes.right - resting.face.eyes.right)).toBeLessThan(0.015);
    expect(Math.abs(moving.face.pose.pitch - resting.face.pose.pitch)).toBeLessThan(1.5);
    expect(Math.abs(moving.face.pose.yaw - resting.face.pose.yaw)).toBeLessThan(1.5);
  });

  test("is lost in a frame without it, and found anew after", async () => {
    const seen = await track([photo, photo, blank(photo), blank(photo), photo, photo]);
    expect(seen.map(({ face }) => face?.followed)).toEqual([
      false,
      true,
      undefined,
      undefined,
      false,
      true,
    ]);
    expect(seen.map(({ facesSeen }) => facesSeen)).toEqual([1, undefined, 0, 0, 1, undefined]);
  });
});

describe("misuse", () => {
  const codeOf = (frames: unknown, options?: TrackEyesOptions) =>
    // Callers without TypeScript pass anything.
    collect(engine.trackEyes(frames as AsyncIterable<VideoFrame>, options));

  test("frames and options of a wrong type are refused", async () => {
    for (const frames of [undefined, null, 3, "clip.mp4", [photo], {}]) {
      expect(() => engine.trackEyes(frames as never)).toThrow(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
    }
    for (const options of [{ contour: "lips" }, { embedEveryMs: 0 }, { signal: 1 }, { other: 1 }]) {
      expect(() => engine.trackEyes(clipOf([]), options as never)).toThrow(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
    }
    async function* yields(frame: unknown) {
      await Promise.resolve();
      yield frame;
    }
    const image = photo;
    for (const frame of [
      undefined,
      photo,
      { image },
      { image, timestampMs: NaN },
      { image, timestampMs: -1 },
      { image, timestampMs: 0, other: 1 },
      { image: { path: "frame.png" }, timestampMs: 0 },
      { image: { ...photo, width: photo.width + 1 }, timestampMs: 0 },
      { image: { ...photo, channels: 2 }, timestampMs: 0 },
    ]) {
      await expect(codeOf(yields(frame))).rejects.toThrow(failure("COUNTENANCE_INVALID_ARGUMENT"));
    }
  });
});
