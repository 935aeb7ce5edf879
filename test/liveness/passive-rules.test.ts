import { expect, test } from "vitest";

import {
  judgePicture,
  PASSIVE_POINTS,
  type PassiveFrame,
  summarise,
} from "../../src/liveness/passive-rules.js";

const good = { faces: 1, faceSize: 200, v2: 0.9, v1se: 0.7, surroundings: 2, colour: 40 };

const frames = (...scores: readonly (number | undefined)[]): readonly PassiveFrame[] =>
  scores.map((score) => ({
    timestampMs: undefined,
    score,
    reason: score === undefined ? "NO_FACE" : undefined,
  }));

test("the score is the mean of both networks", () => {
  expect(judgePicture(good, 40)).toEqual({ timestampMs: 40, score: 0.8, reason: undefined });
});

test.each([
  ["NO_FACE", { faces: 0 }],
  ["MULTIPLE_FACES", { faces: 2 }],
  ["FACE_TOO_SMALL", { faceSize: 59 }],
  ["NO_SURROUNDINGS", { surroundings: 1.2 }],
  ["GREYSCALE", { colour: 0.9 }],
])("%s: the picture is not judged, however it scores", (reason, flaw) => {
  expect(judgePicture({ ...good, ...flaw }, undefined)).toMatchObject({ score: undefined, reason });
});

test("of several flaws the first is told: without a face the others mean nothing", () => {
  const none = { faces: 0, faceSize: 0, v2: 0, v1se: 0, surroundings: 0, colour: 0 };
  expect(judgePicture(none, undefined)).toMatchObject({ reason: "NO_FACE" });
});

test("the score of several pictures is their median", () => {
  expect(summarise(frames(0.1, 0.9, 0.8), false)).toEqual({ score: 0.8, reasons: [] });
  expect(summarise(frames(0.4), false)).toEqual({ score: 0.4, reasons: [] });
});

test("half of the pictures is enough, less is not, and says why", () => {
  expect(summarise(frames(0.4, undefined), false)).toEqual({ score: 0.4, reasons: [] });
  expect(summarise(frames(0.4, undefined, undefined), false)).toEqual({
    score: 0.4,
    reasons: ["NO_FACE"],
  });
  expect(summarise(frames(undefined), false)).toEqual({ score: undefined, reasons: ["NO_FACE"] });
});

test("a clip needs five frames that could be judged", () => {
  expect(summarise(frames(1, 1, 1, 1, 1), true).reasons).toEqual([]);
  expect(summarise(frames(1, 1, 1, 1, undefined), true).reasons).toEqual(["TOO_FEW_FRAMES"]);
  expect(summarise([], true)).toEqual({ score: undefined, reasons: ["TOO_FEW_FRAMES"] });
});

test("the points rise from usability to security", () => {
  const { usability, balanced, security } = PASSIVE_POINTS;
  expect(usability).toBeLessThan(balanced);
  expect(balanced).toBeLessThan(security);
  expect(security).toBeLessThan(1);
});
