import { describe, expect, test } from "vitest";

import { judgeTake } from "../../src/liveness/one-take.js";
import { splice, take, templateOf, without } from "../fixtures/takes.js";

const best = { timestampMs: 0, template: templateOf(1, 7) };
const judge = (frames: Parameters<typeof judgeTake>[0]) => judgeTake(frames, best);

test("a face that sways in a steady hand is one take", () => {
  expect(judge(take())).toEqual([]);
  expect(judge(take({ blinksAtMs: [1000] }))).toEqual([]);
});

test.each([15, 25, 30, 60])("%i frames per second are enough", (framesPerSecond) => {
  expect(judge(take({ framesPerSecond }))).toEqual([]);
});

test("no frames, and frames without a face, are NO_FACE and nothing else", () => {
  expect(judge([])).toEqual(["NO_FACE"]);
  expect(judgeTake(without(take(), 0, 9999), undefined)).toEqual(["NO_FACE"]);
});

test("a second face in a single frame is MULTIPLE_FACES", () => {
  const frames = take().map((frame, i) => (i === 40 ? { ...frame, facesSeen: 2 } : frame));
  expect(judge(frames)).toEqual(["MULTIPLE_FACES"]);
});

describe("a face that is out of sight", () => {
  test("for three frames is still one take", () => {
    expect(judge(without(take(), 1000, 1099))).toEqual([]);
  });

  test("for half a second is FACE_LOST", () => {
    expect(judge(without(take(), 1000, 1500))).toEqual(["FACE_LOST"]);
  });

  test("before it comes and after it goes is no loss", () => {
    expect(judge(without(without(take(), 0, 700), 2300, 9999))).toEqual([]);
  });

  test("but for a moment is TOO_SHORT", () => {
    expect(judge(without(take(), 800, 9999))).toEqual(["TOO_SHORT"]);
  });
});

describe("another person", () => {
  const swapped = (...people: readonly number[]) =>
    judge(splice(...people.map((person) => take({ person, durationMs: 1000 }))));

  test("who takes over, however smoothly, is DIFFERENT_PERSON", () => {
    expect(swapped(1, 1, 2)).toContain("DIFFERENT_PERSON");
    expect(swapped(2, 1, 1)).toContain("DIFFERENT_PERSON");
  });

  test("who is there for a while only is DIFFERENT_PERSON", () => {
    expect(swapped(1, 2, 1)).toContain("DIFFERENT_PERSON");
  });

  test("in the one frame that would become the template is DIFFERENT_PERSON", () => {
    const other = { timestampMs: 100, template: templateOf(2) };
    expect(judgeTake(take(), other)).toEqual(["DIFFERENT_PERSON"]);
  });

  test("is not seen where one person's face turns and changes", () => {
    expect(swapped(1, 1, 1)).not.toContain("DIFFERENT_PERSON");
  });
});

describe("a cut to the same person", () => {
  const after = (options: Parameters<typeof take>[0]) =>
    judge(splice(take({ durationMs: 1500 }), take({ durationMs: 1500, ...options })));

  test.each([
    ["elsewhere in the picture", { at: { x: 380, y: 240 } }],
    ["nearer to the camera", { eyeGapPx: 190 }],
    ["in other light", { light: 60 }],
    ["with the head turned", { yaw: 25 }],
  ])("%s is CUT", (_where, options) => {
    expect(after(options)).toEqual(["CUT"]);
  });

  test("at the very end or the very start of a clip is CUT", () => {
    const elsewhere = { at: { x: 420, y: 240 } };
    const last = splice(take(), take({ ...elsewhere, durationMs: 30 }));
    const first = splice(take({ ...elsewhere, durationMs: 30 }), take());
    expect([judge(last), judge(first)]).toEqual([["CUT"], ["CUT"]]);
  });

  test("in a clip that goes on where it stopped is not told: nothing is to be seen of it", () => {
    expect(after({})).toEqual([]);
  });

  test("that hides behind a frame without a face is CUT", () => {
    const joined = splice(take({ durationMs: 1500 }), take({ at: { x: 420, y: 240 } }));
    expect(judge(without(joined, 1500, 1560))).toEqual(["CUT"]);
  });
});

test("a pause between two frames is CUT", () => {
  const frames = take().filter(({ timestampMs }) => timestampMs < 1000 || timestampMs > 1300);
  expect(judge(frames)).toEqual(["CUT"]);
});

test("a few frames that the camera dropped are no cut", () => {
  const frames = take().filter((_frame, i) => i % 20 < 17);
  expect(judge(frames)).toEqual([]);
});

describe("a head that moves", () => {
  /** Pixels to the right in each frame from the thirtieth on. */
  const moved = (steps: readonly number[]) =>
    take({ durationMs: 2000 }).map((frame, i) => {
      const shift = steps.slice(0, Math.max(0, i - 29)).reduce((sum, step) => sum + step, 0);
      const { face } = frame;
      const landmarks = face?.landmarks.map(({ x, y }) => ({ x: x + shift, y })) ?? [];
      return { ...frame, face: face && { ...face, landmarks } };
    });

  test("by a third of an eye gap for three frames is no cut, for one it is", () => {
    expect(judge(moved([40, 40, 40]))).toEqual([]);
    expect(judge(moved([40]))).toEqual(["CUT"]);
  });

  test("fast while the camera drops three frames is no cut", () => {
    const frames = take({ speed: 4 }).filter((_frame, i) => i < 30 || i > 32);
    expect(judge(frames)).toEqual([]);
  });
});

test("a head that moves fast and steadily is no cut", () => {
  expect(judge(take({ speed: 4 }))).toEqual([]);
});

test("a small face is FACE_TOO_SMALL", () => {
  expect(judge(take({ eyeGapPx: 12 }))).toEqual(["FACE_TOO_SMALL"]);
});

test("ten frames per second are LOW_FRAME_RATE", () => {
  expect(judge(take({ framesPerSecond: 10 }))).toEqual(["LOW_FRAME_RATE"]);
});

test("all that is wrong is told, in one order", () => {
  const frames = splice(
    take({ durationMs: 400, eyeGapPx: 14, framesPerSecond: 10 }),
    take({ durationMs: 400, eyeGapPx: 14, framesPerSecond: 10, person: 2, at: { x: 9, y: 9 } }),
  );
  expect(judge(frames)).toEqual([
    "DIFFERENT_PERSON",
    "CUT",
    "FACE_TOO_SMALL",
    "LOW_FRAME_RATE",
    "TOO_SHORT",
  ]);
});

test("a long clip is judged by means of groups, and one person in it is still one", () => {
  const minute = { durationMs: 60_000 };
  expect(judge(take(minute))).toEqual([]);
  const swapped = splice(take(minute), take({ person: 2, durationMs: 10_000 }));
  expect(judge(swapped)).toContain("DIFFERENT_PERSON");
});
