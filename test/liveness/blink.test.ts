import { describe, expect, test } from "vitest";

import { BlinkDetector, findBlinks } from "../../src/liveness/blink.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";
import { allOf, blinkAt, eyeClip } from "./eye-clip.js";

function peaks(frames: Iterable<TrackedFrame>): number[] {
  return findBlinks(frames).blinks.map(({ peakMs }) => Math.round(peakMs));
}

function reasons(frames: Iterable<TrackedFrame>): string[] {
  const { blinks, nearMisses } = findBlinks(frames);
  expect(blinks).toEqual([]);
  return nearMisses.map(({ reason }) => reason);
}

/** As behind reflecting glasses. */
const SHALLOW = blinkAt(1500, { depth: 0.3 });
/** 20 degrees a second. */
const TURNING = (timeMs: number) => ({ pose: { yaw: timeMs / 50 - 30, pitch: 0, roll: 0 } });

describe("a blink", () => {
  test("is both eyes closed and opened again, told with its times", () => {
    const { blinks, nearMisses } = findBlinks(eyeClip({ left: blinkAt(1500) }));
    expect(blinks).toHaveLength(1);
    expect(nearMisses).toEqual([]);
    const [blink] = blinks;
    expect(Math.abs((blink?.peakMs ?? 0) - 1500)).toBeLessThanOrEqual(34);
    expect(Math.abs((blink?.startMs ?? 0) - 1430)).toBeLessThanOrEqual(34);
    expect(Math.abs((blink?.endMs ?? 0) - 1600)).toBeLessThanOrEqual(34);
  });

  test("may seem to close the eyes by a third only, when it is clear, of both eyes, in a still face", () => {
    expect(peaks(eyeClip({ left: SHALLOW }))).toHaveLength(1);
  });

  test("is not found in open eyes", () => {
    expect(findBlinks(eyeClip({ durationMs: 20_000 }))).toEqual({ blinks: [], nearMisses: [] });
  });

  test.each([12, 12.5, 15, 20, 24, 25, 30, 50, 60])("is found at %d frames per second", (fps) => {
    for (let phase = 0; phase < 5; phase++) {
      const peakMs = 1500 + (phase * 1000) / fps / 5;
      expect(peaks(eyeClip({ fps, left: blinkAt(peakMs, { closedMs: 60 }) }))).toHaveLength(1);
    }
  });

  test("is timed by timestamps: a variable frame rate changes nothing", () => {
    const timesMs: number[] = [];
    for (let timeMs = 0, i = 0; timeMs < 3000; i++)
      timesMs.push((timeMs += [16, 33, 70][i % 3] ?? 0));
    const found = peaks(eyeClip({ timesMs, left: blinkAt(1500) }));
    expect(found).toHaveLength(1);
    expect(Math.abs((found[0] ?? 0) - 1500)).toBeLessThanOrEqual(70);
  });

  test("survives dropped frames beside it", () => {
    const frames = eyeClip({ left: blinkAt(1500) });
    for (const gone of [1300, 1400, 1600, 1700]) {
      const kept = frames.filter(({ timestampMs: t }) => t < gone - 50 || t > gone + 50);
      expect(peaks(kept)).toHaveLength(1);
    }
  });

  test.each([0.12, 0.2, 0.3, 0.45])(
    "is judged by how open these eyes are: %d when open",
    (open) => {
      expect(peaks(eyeClip({ open, left: blinkAt(1500) }))).toHaveLength(1);
      expect(peaks(eyeClip({ open }))).toEqual([]);
    },
  );

  test("is found where one eye is narrower than the other", () => {
    expect(peaks(eyeClip({ open: 0.35, openRight: 0.18, left: blinkAt(1500) }))).toHaveLength(1);
  });

  test("follows eyes that narrow within the clip, as in a smile", () => {
    const smile = (timeMs: number) => (timeMs < 3000 ? 1 : 0.6);
    const blink = blinkAt(6000);
    expect(peaks(eyeClip({ durationMs: 8000, left: (t) => smile(t) * blink(t) }))).toHaveLength(1);
  });

  test.each([1000, 1500, 3000])(
    "is found in the first half second of a clip of %d ms",
    (durationMs) => {
      for (const peakMs of [150, 250, 400]) {
        expect(peaks(eyeClip({ durationMs, left: blinkAt(peakMs) }))).toHaveLength(1);
      }
    },
  );

  test("that follows another one at once is a second blink", () => {
    const left = allOf(blinkAt(1200), blinkAt(1500));
    expect(peaks(eyeClip({ left }))).toHaveLength(2);
  });

  test("with a flutter at its bottom is one blink", () => {
    const left = allOf(blinkAt(1400, { closedMs: 60 }), blinkAt(1530, { downMs: 60, depth: 0.8 }));
    expect(peaks(eyeClip({ left, noise: 0.01 }))).toHaveLength(1);
  });
});

describe("a near miss", () => {
  test("is a blink cut by the clip's end or beginning", () => {
    expect(reasons(eyeClip({ left: blinkAt(2990) }))).toEqual(["EDGE"]);
    expect(reasons(eyeClip({ left: blinkAt(0) }))).toEqual(["EDGE"]);
  });

  test("is a wink", () => {
    expect(reasons(eyeClip({ left: blinkAt(1500), right: () => 1 }))).toEqual(["ONE_EYE"]);
  });

  test("is something that covers one eye after the other", () => {
    const sweep = eyeClip({ left: blinkAt(1450), right: blinkAt(1620), noise: 0.01 });
    expect(new Set(reasons(sweep))).toEqual(new Set(["ONE_EYE"]));
  });

  test("is a closure after which the eyes stay half open, as in a look down", () => {
    const lookDown = (timeMs: number) => (timeMs > 1500 ? 0.7 : 1);
    const left = allOf(blinkAt(1500), lookDown);
    expect(reasons(eyeClip({ left }))).toEqual(["NOT_OPEN"]);
  });

  test("is a dip that does not close the eyes", () => {
    expect(reasons(eyeClip({ left: SHALLOW, face: TURNING }))).toEqual(["SHALLOW"]);
    const long = blinkAt(1500, { depth: 0.3, closedMs: 180 });
    expect(reasons(eyeClip({ left: long }))).toEqual(["SHALLOW"]);
    const short = blinkAt(1500, { depth: 0.3, downMs: 40, upMs: 50, closedMs: 0 });
    expect(reasons(eyeClip({ fps: 60, left: short, noise: 0.01 }))).toEqual(["SHALLOW"]);
    expect(peaks(eyeClip({ left: SHALLOW, noise: 0.06 }))).toEqual([]);
    expect(peaks(eyeClip({ left: SHALLOW, right: blinkAt(1500, { depth: 0.15 }) }))).toEqual([]);
  });

  test("is a single frame, at a rate that shows more of a blink", () => {
    const left = (timeMs: number) => (Math.abs(timeMs - 1500) < 5 ? 0.2 : 1);
    expect(reasons(eyeClip({ fps: 60, left }))).toEqual(["SHORT"]);
  });

  test("is a long closure", () => {
    expect(reasons(eyeClip({ left: blinkAt(1500, { closedMs: 300 }) }))).toEqual(["LONG"]);
  });

  test("is a squint or a look down of more than half a second", () => {
    const left = blinkAt(1500, { depth: 0.5, closedMs: 600 });
    expect(reasons(eyeClip({ left, noise: 0.01 }))).toEqual(["LONG"]);
  });

  test("is a dip among eyes that are measured badly", () => {
    const shaky = (timeMs: number) => 1 + 0.25 * Math.sin(timeMs * 0.07);
    const { blinks, nearMisses } = findBlinks(
      eyeClip({ left: (t) => shaky(t) * blinkAt(1500, { depth: 0.55 })(t) }),
    );
    expect(blinks).toEqual([]);
    expect(nearMisses.map(({ reason }) => reason)).toContain("NOISE");
  });

  test("is a blink of a head that is turned away", () => {
    const face = () => ({ pose: { yaw: 55, pitch: 0, roll: 0 } });
    expect(reasons(eyeClip({ left: blinkAt(1500), face }))).toEqual(["POSE"]);
  });

  test.each([
    ["turns", (t: number) => ({ pose: { yaw: (t - 1500) / 5, pitch: 0, roll: 0 } })],
    ["nods", (t: number) => ({ pose: { yaw: 0, pitch: (t - 1500) / 5, roll: 0 } })],
    ["comes near", (t: number) => ({ eyeGapPx: 90 * Math.exp((t - 1500) / 600) })],
  ])("is a dip while the head %s", (_, moving) => {
    const face = (t: number) => (Math.abs(t - 1500) < 200 ? moving(t) : {});
    expect(reasons(eyeClip({ left: blinkAt(1500, { depth: 0.6 }), face }))).toEqual(["MOTION"]);
  });

  test("is a dip at whose bottom no face was found, or another one", () => {
    for (const frames of [
      eyeClip({ left: blinkAt(1500), face: (t) => (Math.abs(t - 1550) < 20 ? undefined : {}) }),
      eyeClip({ left: blinkAt(1500), face: (t) => ({ followed: Math.abs(t - 1533) > 5 }) }),
    ]) {
      const { blinks, nearMisses } = findBlinks(frames);
      expect(blinks).toEqual([]);
      expect(nearMisses.map(({ reason }) => reason)).toContain("FACE_LOST");
    }
  });
});

describe("live", () => {
  const left = allOf(blinkAt(300), blinkAt(2000), blinkAt(2400), blinkAt(7000), blinkAt(9950));
  const frames = eyeClip({ durationMs: 10_000, left: (t) => left(t), noise: 0.03 });

  test("the same blinks are told as of a whole clip, each 1 s after its peak or at the end", () => {
    const detector = new BlinkDetector();
    const told: unknown[] = [];
    for (const frame of frames) {
      for (const blink of detector.push(frame)) {
        told.push(blink);
        const delayMs = frame.timestampMs - blink.peakMs;
        expect(delayMs).toBeGreaterThanOrEqual(1000);
        expect(delayMs).toBeLessThanOrEqual(1040);
      }
    }
    const whole = findBlinks(frames);
    expect(whole.blinks).toHaveLength(4);
    expect(told).toEqual(whole.blinks);
    expect(detector.end()).toEqual(whole);
  });

  test("what was told does not depend on what is to come", () => {
    for (const length of [40, 80, 100, 250]) {
      const detector = new BlinkDetector();
      const told = frames.slice(0, length).flatMap((frame) => [...detector.push(frame)]);
      expect(findBlinks(frames).blinks.slice(0, told.length)).toEqual(told);
    }
  });

  test("an hour of blinks does not grow the report beyond 1,000", () => {
    const detector = new BlinkDetector();
    const every2s = (t: number) => blinkAt(1000)(t % 2000);
    for (const frame of eyeClip({ durationMs: 2_100_000, fps: 12, left: every2s })) {
      detector.push(frame);
    }
    expect(detector.end().blinks.length).toBe(1000);
    expect(detector.end().blinks.at(-1)?.peakMs).toBeGreaterThan(2_098_000);
  });
});

describe("what is not a measurement", () => {
  const good = eyeClip({ left: blinkAt(1500) });

  test.each([
    ["no number", NaN],
    ["infinite", Infinity],
    ["negative", -0.2],
    ["above 1", 40],
    ["a string", "0.3"],
    ["missing", undefined],
  ])("counts as a frame without a face: an openness that is %s", (_, value) => {
    // What JavaScript callers can pass.
    const eyes = { left: value, right: 0.3 } as { left: number; right: number };
    const bad = good.map((frame, i) =>
      i === 10 && frame.face ? { ...frame, face: { ...frame.face, eyes } } : frame,
    );
    const without = good.map((frame, i) => (i === 10 ? { ...frame, face: undefined } : frame));
    expect(findBlinks(bad)).toEqual(findBlinks(without));
    expect(findBlinks(bad).blinks).toHaveLength(1);
  });

  test("is left out when it is not later than the frame before", () => {
    const twice = good.flatMap((frame) => [frame, { ...frame, face: undefined }]);
    expect(findBlinks(twice)).toEqual(findBlinks(good));
  });

  test.each([undefined, null, 7, "frame", {}, { timestampMs: NaN }, { timestampMs: "1" }])(
    "is refused when it is no frame with a time: %j",
    (frame) => {
      // What JavaScript callers can pass.
      expect(() => new BlinkDetector().push(frame as TrackedFrame)).toThrow(
        expect.objectContaining({ code: "COUNTENANCE_INVALID_ARGUMENT" }),
      );
    },
  );

  test("a clip without frames, or without a face, has no events", () => {
    const nothing = { blinks: [], nearMisses: [] };
    expect(findBlinks([])).toEqual(nothing);
    expect(findBlinks(eyeClip({ face: () => undefined }))).toEqual(nothing);
    expect(findBlinks(good.slice(0, 1))).toEqual(nothing);
  });
});
