import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createEngine, type Engine } from "../src/engine.js";
import type { EyeTracking, TrackEyesOptions } from "../src/engine-track.js";
import type { RawImage } from "../src/image.js";
import type { TrackedFrame } from "../src/liveness/tracked-frame.js";
import type { VideoFrame } from "../src/liveness/video.js";
import { blank, clipOf, placed } from "./fixtures/frames.js";
import { portraits, rawPixels, samplePath } from "./fixtures/photos.js";

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

describe("frames", () => {
  test("of one grey channel, or with transparency, are followed too", async () => {
    const { width, height } = photo;
    const grey = Uint8Array.from({ length: width * height }, (_, i) => photo.data[3 * i] ?? 0);
    const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : (photo.data[Math.floor(i / 4) * 3 + (i % 4)] ?? 0),
    );
    const seen = await track([
      photo,
      { data: grey, width, height, channels: 1 },
      { data: rgba, width, height, channels: 4 },
    ]);
    expect(seen.map(({ face }) => face?.followed)).toEqual([false, true, true]);
  });

  test("are copied when they arrive: the caller keeps them, and may use their memory again", async () => {
    const shared = Uint8Array.from(photo.data);
    async function* reuses(): AsyncGenerator<VideoFrame> {
      for (let i = 0; i < 4; i++) {
        shared.set(photo.data);
        yield { image: { ...photo, data: shared }, timestampMs: 40 * i };
        shared.fill(0); // while the frame is worked on
        await Promise.resolve();
      }
    }
    const seen = await collect(engine.trackEyes(reuses()));
    const [, ...same] = await track([photo, photo, photo, photo]);
    expect(shared.byteLength).toBe(photo.data.byteLength);
    expect(seen.slice(1).map(({ face }) => face)).toEqual(same.map(({ face }) => face));
  });

  test("of none there are no results", async () => {
    const tracking = engine.trackEyes(clipOf([]));
    expect(await collect(tracking)).toEqual([]);
    expect(await tracking.best()).toBeUndefined();
  });

  test("that fail to come end the loop with their own error", async () => {
    const broken = new Error("camera unplugged");
    async function* breaks(): AsyncGenerator<VideoFrame> {
      await Promise.resolve();
      yield { image: photo, timestampMs: 0 };
      throw broken;
    }
    const tracking = engine.trackEyes(breaks());
    const loop = tracking[Symbol.asyncIterator]();
    expect((await loop.next()).value).toMatchObject({ timestampMs: 0 });
    await expect(loop.next()).rejects.toBe(broken);
  });

  test("may have the times of any clock, also before its zero", async () => {
    async function* early(): AsyncGenerator<VideoFrame> {
      await Promise.resolve();
      for (const timestampMs of [-1e12, -20.5, 3e12]) yield { image: photo, timestampMs };
    }
    const seen = await collect(engine.trackEyes(early()));
    expect(seen.map(({ timestampMs }) => timestampMs)).toEqual([-1e12, -20.5, 3e12]);
  });

  test("end with the loop: whoever leaves it closes their source", async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<VideoFrame> {
      try {
        for (let i = 0; ; i++) {
          await Promise.resolve();
          yield { image: photo, timestampMs: i };
        }
      } finally {
        closed = true;
      }
    }
    for await (const { face } of engine.trackEyes(endless())) {
      expect(face).toBeDefined();
      break;
    }
    expect(closed).toBe(true);
  });
});

describe("templates", () => {
  test("come with the first frame and then as often as asked for, and are those of analyze", async () => {
    const seen = await track([photo, photo, photo, photo], { embedEveryMs: 80 });
    const templates = seen.map(({ face }) => face?.template);
    expect(templates.map((template) => template !== undefined)).toEqual([true, false, true, false]);
    const own = await engine.embed(photo);
    for (const template of templates) {
      if (template !== undefined) expect(engine.compare(own, template)).toBeLessThan(0.1);
    }
  });

  test("the best frame is the sharp one, with its pixels, its face and its template", async () => {
    const { data, info } = await sharp(photo.data, { raw: { ...photo, channels: 3 } })
      .blur(3)
      .raw()
      .toBuffer({ resolveWithObject: true });
    const soft: RawImage = { data, width: info.width, height: info.height, channels: 3 };
    const tracking = engine.trackEyes(clipOf([blank(photo), soft, photo, soft]));
    await collect(tracking);
    const best = await tracking.best();
    if (best === undefined) throw new Error("expected a best frame");
    expect(best.timestampMs).toBe(80);
    expect(Buffer.from(best.image.data).equals(Buffer.from(photo.data))).toBe(true);
    expect(best.face).toMatchObject({ followed: true, template: undefined });
    expect(engine.compare(await engine.embed(photo), best.template)).toBeLessThan(0.1);
  });

  test("a frame with two people is never the best one", async () => {
    const two = await rawPixels(samplePath(6), 640);
    const seen = await track([two, two]);
    expect(seen[0]?.facesSeen).toBeGreaterThan(1);
    const tracking = engine.trackEyes(clipOf([two, two]));
    await collect(tracking);
    expect(await tracking.best()).toBeUndefined();
  });
});

describe("many at once", () => {
  test("two clips on one engine do not mix", async () => {
    const mirror = await rawPixels(
      await sharp(photo.data, { raw: { ...photo, channels: 3 } })
        .flop()
        .png()
        .toBuffer(),
      1000,
    );
    const alone = [await track([photo, photo, photo]), await track([mirror, mirror, mirror])];
    const together = await Promise.all([
      track([photo, photo, photo]),
      track([mirror, mirror, mirror]),
    ]);
    expect(together).toEqual(alone);
  });

  test("the best frame may be asked for in the middle of a step", async () => {
    const tracking = engine.trackEyes(clipOf([photo, photo, photo]));
    const loop = tracking[Symbol.asyncIterator]();
    await loop.next();
    const [step, best] = await Promise.all([loop.next(), tracking.best()]);
    expect(step.value).toMatchObject({ timestampMs: 40 });
    expect(best?.template).toBeDefined();
    await loop.return?.();
  });
});

describe("the end", () => {
  const codes = async (run: Promise<unknown>): Promise<unknown> => {
    const [outcome] = await Promise.allSettled([run]);
    return outcome.status === "rejected" ? outcome.reason : "nothing thrown";
  };
  /** Frames that never come after the first. */
  async function* stalls(): AsyncGenerator<VideoFrame> {
    yield { image: photo, timestampMs: 0 };
    await new Promise(() => undefined);
  }

  test("an abort ends the loop at once, even while a frame is waited for", async () => {
    const controller = new AbortController();
    const tracking = engine.trackEyes(stalls(), { signal: controller.signal });
    const loop = tracking[Symbol.asyncIterator]();
    await loop.next();
    const next = loop.next();
    controller.abort(new Error("enough"));
    expect(await codes(next)).toEqual(failure("COUNTENANCE_ABORTED"));
    expect(await codes(tracking.best())).toEqual(failure("COUNTENANCE_ABORTED"));
    const late = engine.trackEyes(clipOf([photo]), { signal: controller.signal });
    expect(await codes(collect(late))).toEqual(failure("COUNTENANCE_ABORTED"));
  });

  test("leaving the loop does not wait for a frame that never comes", async () => {
    for await (const { face } of engine.trackEyes(stalls())) {
      expect(face).toBeDefined();
      break;
    }
  });

  test("an engine that closes ends the loop, and begins no other", async () => {
    const own = await createEngine({ threads: 1 });
    const tracking = own.trackEyes(stalls());
    const loop = tracking[Symbol.asyncIterator]();
    await loop.next();
    const next = codes(loop.next());
    await own.close();
    expect(await next).toEqual(failure("COUNTENANCE_ENGINE_CLOSED"));
    expect(await codes(tracking.best())).toEqual(failure("COUNTENANCE_ENGINE_CLOSED"));
    const late = own.trackEyes(clipOf([photo]));
    expect(await codes(collect(late))).toEqual(failure("COUNTENANCE_ENGINE_CLOSED"));
  });
});

describe("misuse", () => {
  test("a second loop over one tracking, and time that stands still, are refused", async () => {
    const tracking = engine.trackEyes(clipOf([]));
    await collect(tracking);
    await expect(collect(tracking)).rejects.toThrow(failure("COUNTENANCE_INVALID_ARGUMENT"));
    async function* still(): AsyncGenerator<VideoFrame> {
      await Promise.resolve();
      yield { image: photo, timestampMs: 5 };
      yield { image: photo, timestampMs: 5 };
    }
    await expect(collect(engine.trackEyes(still()))).rejects.toThrow(
      failure("COUNTENANCE_INVALID_ARGUMENT"),
    );
  });

  const codeOf = (frames: unknown, options?: TrackEyesOptions) =>
    // Callers without TypeScript pass anything.
    collect(engine.trackEyes(frames as AsyncIterable<VideoFrame>, options));

  const explode = (): never => {
    throw new Error("the caller's own text");
  };

  test("frames and options of a wrong type are refused", async () => {
    const throwing = new Proxy({}, { has: explode, get: explode });
    for (const frames of [undefined, null, 3, "clip.mp4", [photo], {}, throwing]) {
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
      { image, timestampMs: Infinity },
      { image, timestampMs: 0, other: 1 },
      { image: { path: "frame.png" }, timestampMs: 0 },
      { image: { ...photo, width: photo.width + 1 }, timestampMs: 0 },
      { image: { ...photo, channels: 2 }, timestampMs: 0 },
    ]) {
      await expect(codeOf(yields(frame))).rejects.toThrow(failure("COUNTENANCE_INVALID_ARGUMENT"));
    }
  });
});
