import { runInNewContext } from "node:vm";

import { beforeAll, describe, expect, test, vi } from "vitest";

import { videoFrames, type VideoFrame } from "../../src/liveness/video.js";
import { joined, testClip, turned } from "../clips.js";
import { children, outcomeOf, sizesOf, timesOf } from "./video-run.js";

const UNREADABLE = "COUNTENANCE_VIDEO_UNREADABLE";
const TOO_LONG = "COUNTENANCE_VIDEO_TOO_LONG";
const INVALID = "COUNTENANCE_INVALID_ARGUMENT";

/** One second at 30 frames a second, H.264 in MP4, the index at the end. */
let second: Buffer;
beforeAll(async () => {
  second = await testClip();
});

/** Red, green and blue of a frame, in the middle of a part of it: x and y from 0 to 1. */
function colourAt({ image }: VideoFrame, x: number, y: number): number[] {
  const row = Math.floor(y * image.height);
  const at = (row * image.width + Math.floor(x * image.width)) * image.channels;
  return [...image.data.subarray(at, at + image.channels)];
}

function steps(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => Math.round(time - (times[i] ?? NaN)));
}

/** For a source whose times are milliseconds of any distance. */
const VARIABLE_RATE = ["-vsync", "passthrough", "-enc_time_base", "1:1000"];

/** Left half red, right half blue. */
const RED_BLUE = "color=red:s=32x48:r=30:d=0.3[a];color=blue:s=32x48:r=30:d=0.3[b];[a][b]hstack";

describe("what is read", () => {
  test.each([
    ["h264", "mp4"],
    ["h264", "mov"],
    ["hevc", "mp4"],
    ["mpeg4", "mp4"],
    ["vp8", "webm"],
    ["vp9", "webm"],
    ["h264", "mkv"],
  ] as const)("%s in %s gives every frame, in RGB, at its time", async (codec, container) => {
    const clip = await testClip({ codec, container, seconds: 0.5 });
    const outcome = await outcomeOf(clip);
    expect(outcome.code).toBeUndefined();
    expect(sizesOf(outcome)).toEqual(["64x48"]);
    const times = timesOf(outcome);
    expect(times).toHaveLength(15);
    // Matroska's clock ticks in milliseconds.
    times.forEach((time, i) => expect(Math.abs(time - (i * 1000) / 30)).toBeLessThanOrEqual(1));
  });

  test("each frame's pixels are the whole of a buffer of its own", async () => {
    const { frames } = await outcomeOf(second);
    for (const { image } of frames) {
      expect(image.data.buffer.byteLength).toBe(64 * 48 * 3);
      expect(image.channels).toBe(3);
    }
    expect(new Set(frames.map(({ image }) => image.data.buffer)).size).toBe(30);
  });

  test("colours come as they went in", async () => {
    const { frames } = await outcomeOf(await testClip({ source: RED_BLUE }));
    for (const frame of frames) {
      const [red = 0, green = 0] = colourAt(frame, 0.25, 0.5);
      expect(red).toBeGreaterThan(220);
      expect(green).toBeLessThan(40);
      expect(colourAt(frame, 0.75, 0.5)[2]).toBeGreaterThan(220);
    }
  });

  test("rotation in the container is applied: frames are upright", async () => {
    const outcome = await outcomeOf(turned(await testClip({ source: RED_BLUE })));
    expect(sizesOf(outcome)).toEqual(["48x64"]);
    const [first] = outcome.frames;
    if (first === undefined) throw new Error("no frame");
    const above = colourAt(first, 0.5, 0.25);
    const below = colourAt(first, 0.5, 0.75);
    // The left half is above after a turn to the right.
    expect([above[0] ?? 0, below[2] ?? 0].every((value) => value > 220)).toBe(true);
  });

  test.each([
    ["1x1", "1x1"],
    ["63x47", "63x47"],
    ["720x1280", "720x1280"],
    ["1080x1920", "720x1280"],
    ["1281x3", "1280x3"],
  ] as const)("frames of %s come as %s", async (size, expected) => {
    const [width = 0, height = 0] = size.split("x").map(Number);
    const image = { data: new Uint8Array(width * height), width, height, channels: 1 } as const;
    // 4:4:4, because the sides may be odd.
    const clip = await testClip({ frames: [image, image], args: ["-pix_fmt", "yuv444p"] });
    expect(sizesOf(await outcomeOf(clip))).toEqual([expected]);
  });

  test("a variable frame rate keeps its exact times, B-frames their order", async () => {
    // At 0, 40, 120, 240 ms ...
    const clip = await testClip({
      source: "testsrc2=s=64x48:r=1000:d=0.009,settb=1/1000,setpts=20*N*(N+1)",
      args: [...VARIABLE_RATE, "-preset", "veryfast", "-bf", "3"],
    });
    expect(timesOf(await outcomeOf(clip))).toEqual([0, 40, 120, 240, 400, 600, 840, 1120, 1440]);
  });

  test("a clip that begins late begins at 0", async () => {
    const clip = await testClip({
      container: "mkv",
      seconds: 0.2,
      args: ["-output_ts_offset", "5"],
    });
    expect(timesOf(await outcomeOf(clip))[0]).toBe(0);
  });

  test("of more than 48 frames a second some are left out, of 30 jittering ones none", async () => {
    expect(steps(timesOf(await outcomeOf(await testClip({ fps: 60 }))))).toEqual(
      Array.from({ length: 29 }, () => 33),
    );
    const fast = steps(timesOf(await outcomeOf(await testClip({ fps: 200, seconds: 0.5 }))));
    expect(Math.min(...fast)).toBeGreaterThanOrEqual(20);
    const jitter = "testsrc2=s=64x48:r=1000:d=0.03,settb=1/1000,setpts=33*N+10*mod(N\\,2)";
    const uneven = await outcomeOf(await testClip({ source: jitter, args: VARIABLE_RATE }));
    expect(new Set(steps(timesOf(uneven)))).toEqual(new Set([43, 23]));
  });

  test("sound, subtitles and cover pictures are passed over", async () => {
    const clip = await testClip({
      source: "testsrc2=s=64x48:r=30:d=0.5[out0];sine=d=0.5[out1]",
      args: ["-c:a", "aac"],
    });
    expect((await outcomeOf(clip)).frames).toHaveLength(15);
  });

  test("a clip whose pictures change their size is refused at that place", async () => {
    const parts = (["64x48", "128x96"] as const).map((size) =>
      testClip({ size, codec: "vp8", container: "webm", seconds: 0.2 }),
    );
    const outcome = await outcomeOf(await joined(await Promise.all(parts), "webm"));
    expect(outcome.code).toBe(UNREADABLE);
    expect(outcome.frames).toHaveLength(6);
  });
});

describe("limits", () => {
  test("a clip of exactly the limit is read, a longer one is too long", async () => {
    // The last frame of 30 begins at 966.7 ms.
    expect((await outcomeOf(second, { maxDurationMs: 967 })).code).toBeUndefined();
    expect((await outcomeOf(second, { maxDurationMs: 966 })).code).toBe(TOO_LONG);
  });

  test("10 seconds are the default", async () => {
    const clip = await testClip({ fps: 5, seconds: 10.4 });
    expect(await outcomeOf(clip)).toMatchObject({ code: TOO_LONG });
    expect((await outcomeOf(clip, { maxDurationMs: 10_200 })).frames).toHaveLength(52);
  });

  test("a clip that states to be much longer is refused before a frame is given", async () => {
    const clip = await testClip({ fps: 5, seconds: 12 });
    expect(await outcomeOf(clip)).toMatchObject({ code: TOO_LONG, frames: [] });
  });

  test("20,000 frames in a short time are too many, over a long time too long", async () => {
    const source = "color=s=16x16:r=2000:d=10";
    const outcome = await outcomeOf(await testClip({ source }));
    expect(outcome).toMatchObject({ code: TOO_LONG });
    expect(outcome.frames.length).toBeLessThan(660);
    const slow = await testClip({ source, args: ["-vf", "setpts=66.7*PTS", "-r", "30"] });
    expect(await outcomeOf(slow)).toMatchObject({ code: TOO_LONG, frames: [] });
  });

  test("more bytes than the limit are refused, from memory and from a file", async () => {
    expect((await outcomeOf(second, { maxBytes: second.length })).code).toBeUndefined();
    expect((await outcomeOf(second, { maxBytes: second.length - 1 })).code).toBe(TOO_LONG);
  });
});

describe("frames of the caller", () => {
  const image = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 2, height: 1, channels: 3 };
  async function* given(...frames: unknown[]): AsyncGenerator {
    yield* frames;
  }

  test("they pass with their times, as copies of their pixels", async () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const reusing = (async function* () {
      for (const timestampMs of [-5, 0.5, 1e6]) {
        yield { image: { ...image, data }, timestampMs };
        data.fill(timestampMs);
      }
    })();
    const { frames, code } = await outcomeOf(reusing, { maxDurationMs: 600_000 });
    expect(code).toBe(TOO_LONG);
    expect(timesOf({ frames })).toEqual([-5, 0.5]);
    expect(frames.map((frame) => frame.image.data[0])).toEqual([1, 251]);
    expect(frames[0]?.image.data.buffer).not.toBe(data.buffer);
  });

  test("grey stays grey, RGBA becomes RGB", async () => {
    const grey = { data: Uint8Array.of(7, 8), width: 2, height: 1, channels: 1 };
    const rgba = { data: Uint8ClampedArray.of(9, 8, 7, 255), width: 1, height: 1, channels: 4 };
    const { frames } = await outcomeOf(
      given({ image: grey, timestampMs: 0 }, { image: rgba, timestampMs: 1 }),
    );
    expect(frames.map((frame) => [frame.image.channels, ...frame.image.data])).toEqual([
      [1, 7, 8],
      [3, 9, 8, 7],
    ]);
  });

  test.each([
    [[undefined]],
    [[second]],
    [[{ image }]],
    [[{ image, timestampMs: NaN }]],
    [[{ image, timestampMs: Infinity }]],
    [[{ image, timestampMs: "1" }]],
    [[{ image, timestampMs: 1, more: 1 }]],
    [[{ image: { path: "x.jpg" }, timestampMs: 1 }]],
    [[{ image: "data:,", timestampMs: 1 }]],
    [[{ image: { ...image, width: 3 }, timestampMs: 1 }]],
    [
      [
        { image, timestampMs: 1 },
        { image, timestampMs: 1 },
      ],
    ],
    [
      [
        { image, timestampMs: 1 },
        { image, timestampMs: 0 },
      ],
    ],
  ])("%# is refused", async (frames) => {
    expect((await outcomeOf(given(...frames))).code).toBe(INVALID);
  });

  test("no frames are no video, more than 60 a second are too many", async () => {
    expect((await outcomeOf(given())).code).toBe(UNREADABLE);
    const many = Array.from({ length: 62 }, (_, timestampMs) => ({ image, timestampMs }));
    expect(await outcomeOf(given(...many), { maxDurationMs: 1000 })).toMatchObject({
      code: undefined,
    });
    const more = Array.from({ length: 122 }, (_, timestampMs) => ({ image, timestampMs }));
    expect((await outcomeOf(given(...more), { maxDurationMs: 1000 })).code).toBe(TOO_LONG);
  });

  test("a frame of more than 9 million pixels is too large", async () => {
    const large = { data: new Uint8Array(1), width: 4000, height: 3000, channels: 1 };
    expect((await outcomeOf(given({ image: large, timestampMs: 0 }))).code).toBe(
      "COUNTENANCE_IMAGE_TOO_LARGE",
    );
  });

  test("the caller's iterator is ended, and what it throws is passed on", async () => {
    let ended = 0;
    const endless = async function* () {
      try {
        for (let timestampMs = 0; ; timestampMs++) yield { image, timestampMs };
      } finally {
        ended++;
      }
    };
    for await (const frame of videoFrames(endless() as never)) {
      expect(frame.timestampMs).toBe(0);
      break;
    }
    expect((await outcomeOf(endless())).code).toBe(TOO_LONG);
    expect(ended).toBe(2);
    const boom = new Error("boom");
    const failing = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(boom) }) };
    await expect(videoFrames(failing as never).next()).rejects.toBe(boom);
  });

  test("an iterator that ends at once, without a promise, is ended like others", async () => {
    const controller = new AbortController();
    let ended = 0;
    const synchronous = {
      [Symbol.asyncIterator]: () => ({
        next: () => ({ done: false, value: { image, timestampMs: ended } }),
        return: () => ({ done: ++ended > 0 }),
      }),
    };
    const frames = videoFrames(synchronous as never, {}, controller.signal);
    await frames.next();
    controller.abort();
    await expect(frames.next()).rejects.toMatchObject({ code: "COUNTENANCE_ABORTED" });
    expect(ended).toBe(1);
  });

  test("frames that cannot even begin leave no listener behind", async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    const boom = new Error("boom");
    const broken = {
      [Symbol.asyncIterator]: () => {
        throw boom;
      },
    };
    await expect(videoFrames(broken as never, {}, signal).next()).rejects.toBe(boom);
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });

  test("an abort does not wait for the caller's next frame", async () => {
    const controller = new AbortController();
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
    const outcome = outcomeOf(never, {}, controller.signal);
    controller.abort();
    expect((await outcome).code).toBe("COUNTENANCE_ABORTED");
  });
});

describe("arguments", () => {
  test.each([undefined, null, 7, "clip.mp4", new ArrayBuffer(8), [second], {}, new Date()])(
    "%# is refused",
    async (input) => {
      expect((await outcomeOf(input)).code).toBe(INVALID);
    },
  );

  test.each([{ path: "" }, { path: 7 }, { path: "a\0b" }, { path: "a", more: 1 }])(
    "%j is refused",
    async (input) => {
      expect((await outcomeOf(input)).code).toBe(INVALID);
    },
  );

  test.each([
    { maxDurationMs: 0 },
    { maxDurationMs: 600_001 },
    { maxDurationMs: 1.5 },
    { maxBytes: 0 },
    { maxConcurrent: 0 },
    { maxConcurrent: 257 },
    { ffmpegPath: "" },
    { ffmpegPath: 7 },
    { maxduration: 1 },
  ])("the options %j are refused", async (options) => {
    expect((await outcomeOf(second, options as never)).code).toBe(INVALID);
  });

  test("the caller may reuse its bytes as soon as the call returns, however they are held", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(second.length));
    shared.set(second);
    const pooled = Buffer.concat([Buffer.alloc(5), second]).subarray(5);
    const foreign = runInNewContext(`new Uint8Array(${String(second.length)})`) as Uint8Array;
    foreign.set(second);
    const clips = [shared, pooled, foreign];
    const calls = clips.map((clip) => videoFrames(clip));
    for (const clip of clips) clip.fill(0);
    for (const call of calls) {
      let count = 0;
      for await (const frame of call) count += frame.image.channels / 3;
      expect(count).toBe(30);
    }
  });

  test("a detached buffer has no bytes", async () => {
    const bytes = new Uint8Array(second);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect((await outcomeOf(bytes)).code).toBe(UNREADABLE);
  });
});

test("no process is left", () => {
  expect(children()).toEqual([]);
});
