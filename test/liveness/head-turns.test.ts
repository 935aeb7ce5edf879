import { describe, expect, test } from "vitest";

import { findRest, findTurns, isAtRest } from "../../src/liveness/head-turns.js";
import { PoseClip, spoil, trackedFace } from "./pose-clip.js";

function directions(clip: PoseClip): string[] {
  const rest = findRest(clip.frames);
  if (rest === undefined) throw new Error("no rest pose");
  return findTurns(clip.frames, rest).map(({ direction }) => direction);
}

describe("the rest pose", () => {
  test("it is the median of the first still stretch, not the camera's zero", () => {
    const rest = findRest(new PoseClip({ yaw: 6, pitch: -14 }).still(1500).frames);
    expect(rest?.yaw).toBeCloseTo(6, 0);
    expect(rest?.pitch).toBeCloseTo(-14, 0);
  });

  test("a head that moves before it rests comes to rest afterwards", () => {
    const clip = new PoseClip().leave({ yaw: -30 }, 900).still(1500);
    expect(findRest(clip.frames)?.startMs).toBeGreaterThanOrEqual(900);
  });

  test.each([
    ["a head that looks aside", new PoseClip({ yaw: 30, pitch: 0 }).still(3000)],
    ["a head that looks far down", new PoseClip({ yaw: 0, pitch: 40 }).still(3000)],
    [
      "a head that never stops",
      new PoseClip().move({ yaw: 40 }).move({ yaw: -40 }).move({ yaw: 40 }),
    ],
    ["a clip without a face", new PoseClip().noFace(3000)],
    ["a clip too short to tell", new PoseClip().still(400)],
    ["no frames", new PoseClip()],
  ])("%s has none", (_, clip) => {
    expect(findRest(clip.frames)).toBeUndefined();
  });

  test("a face that goes away has to rest anew", () => {
    const clip = new PoseClip().still(400).noFace(200).still(400);
    expect(findRest(clip.frames)).toBeUndefined();
  });
});

describe("turns of the head", () => {
  test("each has its direction in the picture, in the order in which they came", () => {
    const clip = new PoseClip()
      .still(1000)
      .move({ yaw: 30 })
      .still(300)
      .move({ yaw: -30 })
      .still(300)
      .move({ pitch: -20 })
      .still(300)
      .move({ pitch: 20 })
      .still(300);
    expect(directions(clip)).toEqual(["right", "left", "up", "down"]);
  });

  test("they are measured from the rest pose", () => {
    const clip = new PoseClip({ yaw: -12, pitch: 15 }).still(1000).move({ yaw: 26 }).still(500);
    expect(directions(clip)).toEqual(["right"]);
  });

  test("small movements are none", () => {
    const clip = new PoseClip().still(1000).move({ yaw: 14 }).move({ pitch: 8 }).still(500);
    expect(directions(clip)).toEqual([]);
  });

  test("a turn that stops on its way back and goes out again is one turn", () => {
    const clip = new PoseClip().still(1000).leave({ yaw: 30 });
    for (const yaw of [20, 15, 15, 20, 32, 32]) clip.leave({ yaw }, 33);
    clip.still(500);
    expect(directions(clip)).toEqual(["right"]);
  });

  test("a fast swing from one side to the other is two turns", () => {
    const clip = new PoseClip().still(1000);
    clip.leave({ yaw: 30 }, 300).leave({ yaw: -30 }, 33).leave({ yaw: -31 }, 200).still(500);
    expect(directions(clip)).toEqual(["right", "left"]);
  });

  test("the larger of both angles names a turn, each measured by its own limit", () => {
    const clip = new PoseClip().still(1000).move({ yaw: 35, pitch: 13 }).still(500);
    expect(directions(clip)).toEqual(["right"]);
  });

  test("one bad frame is no turn", () => {
    const clip = new PoseClip().still(2000);
    spoil(clip, 1500, { yaw: 60, pitch: 30, roll: 0 });
    expect(directions(clip)).toEqual([]);
  });

  test("times are those of leaving the rest pose, of being turned, and of being back", () => {
    const clip = new PoseClip().still(1000).move({ yaw: 40 }, 1000).still(500);
    const rest = findRest(clip.frames);
    const [turn] = rest === undefined ? [] : findTurns(clip.frames, rest);
    // 40 degrees times a half sine: 10 degrees after 80 ms, 20 after 167 ms, 10 again at 920 ms.
    expect(Math.abs((turn?.startMs ?? 0) - 1080)).toBeLessThan(70);
    expect(Math.abs((turn?.reachedMs ?? 0) - 1167)).toBeLessThan(70);
    expect(Math.abs((turn?.endMs ?? 0) - 1920)).toBeLessThan(70);
  });

  test("a turn that the frames cut off has no end", () => {
    const clip = new PoseClip().still(1000).leave({ yaw: 40 });
    const rest = findRest(clip.frames);
    expect(rest && findTurns(clip.frames, rest)[0]?.endMs).toBeUndefined();
    expect(directions(clip)).toEqual(["right"]);
  });
});

test("a head is at rest within half of what counts as a turn", () => {
  const rest = { yaw: 5, pitch: 0, startMs: 0, endMs: 600 };
  expect(isAtRest(trackedFace({ yaw: 14, pitch: -5, roll: 30 }), rest)).toBe(true);
  expect(isAtRest(trackedFace({ yaw: 16, pitch: 0, roll: 0 }), rest)).toBe(false);
  expect(isAtRest(trackedFace({ yaw: 5, pitch: 8, roll: 0 }), rest)).toBe(false);
});
