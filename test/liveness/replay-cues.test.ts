import { describe, expect, test } from "vitest";

import type { ReplayCue } from "../../src/liveness/reasons.js";
import { ReplayWatch } from "../../src/liveness/replay-cues.js";

/** A soft spot that wanders over a gradient, as a head does in a room; noise of a sensor on top. */
function scene(ms: number, { noise = 0.2, seed = 1, speed = 1 } = {}): Float32Array {
  const t = (ms / 1000) * speed;
  const [x, y] = [
    16 + 5 * Math.sin(2.1 * t) + 2 * Math.sin(5.3 * t),
    16 + 3 * Math.sin(1.3 * t + 1),
  ];
  const random = randomFrom(Math.round(ms * 7) + seed);
  return Float32Array.from({ length: 1024 }, (_, i) => {
    const [column, row] = [i % 32, Math.floor(i / 32)];
    const spot = 120 * Math.exp(-((column - x) ** 2 + (row - y) ** 2) / 40);
    return 40 + column + spot + noise * (random() - 0.5);
  });
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

/** The cues of a clip at 30 frames per second, whose frame at a time shows what `at` says. */
function cues(durationMs: number, at: (ms: number) => Float32Array): readonly ReplayCue[] {
  const watch = new ReplayWatch();
  for (let i = 0; (i * 1000) / 30 < durationMs; i++)
    watch.push((i * 1000) / 30, at((i * 1000) / 30));
  return watch.cues();
}

test("a living scene gives no cue, nor does a calm one with the noise of a sensor", () => {
  expect(cues(8000, (ms) => scene(ms))).toEqual([]);
  expect(cues(8000, (ms) => scene(ms, { speed: 0 }))).toEqual([]);
});

test("a clip without frames, or with one, gives none", () => {
  expect(cues(0, (ms) => scene(ms))).toEqual([]);
  expect(cues(30, (ms) => scene(ms))).toEqual([]);
});

describe("FROZEN_FRAMES", () => {
  test("is one picture for 1.5 s, at the start, in the middle or at the end", () => {
    for (const from of [0, 2000, 4400]) {
      const frozen = (ms: number) => scene(ms >= from && ms <= from + 1600 ? from : ms);
      expect(cues(6000, frozen)).toEqual(["FROZEN_FRAMES"]);
    }
  });

  test("is not a shorter stretch, not every second frame, and not a calm scene", () => {
    expect(cues(6000, (ms) => scene(ms > 2000 && ms < 3400 ? 2000 : ms))).toEqual([]);
    expect(cues(6000, (ms) => scene(Math.floor(ms / 66.7) * 66.7))).toEqual([]);
  });
});

describe("LOOPED_FRAMES", () => {
  test("is a stretch with motion in it that comes again, once or often", () => {
    expect(cues(6000, (ms) => scene(ms % 2500))).toEqual(["LOOPED_FRAMES"]);
    expect(cues(5000, (ms) => scene(ms < 4000 ? ms : ms - 3000))).toEqual(["LOOPED_FRAMES"]);
  });

  test("is found under the noise of another encoding", () => {
    expect(cues(6000, (ms) => scene(ms % 2500, { seed: Math.floor(ms / 2500), noise: 1 }))).toEqual(
      ["LOOPED_FRAMES"],
    );
  });

  test("is not a pose that somebody comes back to for a moment", () => {
    expect(cues(6000, (ms) => scene(ms > 4000 && ms < 4500 ? ms - 3000 : ms))).toEqual([]);
  });

  test("is not a calm scene: there is nothing to tell its stretches apart by", () => {
    expect(cues(6000, (ms) => scene(ms % 2500, { speed: 0.002 }))).toEqual([]);
  });

  test("is looked for in the first 300 frames", () => {
    const from = (startMs: number) => (ms: number) =>
      scene(ms < startMs ? ms : startMs + ((ms - startMs) % 1500));
    expect(cues(16_000, from(10_500))).toEqual([]);
    expect(cues(16_000, from(5000))).toEqual(["LOOPED_FRAMES"]);
  });
});
