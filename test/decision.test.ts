import { expect, test } from "vitest";

import { type Candidate, decide } from "../src/decision.js";

const at = (distance: number): Candidate => ({ subjectId: "ada", faceId: "f", distance, fmr: 0.1 });

test("a distance equal to the threshold is a match", () => {
  expect(decide([at(0.4)], 0.4)).toEqual({ kind: "match", candidate: at(0.4) });
});

test("a distance above the threshold is no match, and names the nearest", () => {
  expect(decide([at(0.41), at(0.5)], 0.4)).toEqual({ kind: "no-match", best: at(0.41) });
});

test("without candidates there is no match and no best", () => {
  expect(decide([], 0.4)).toEqual({ kind: "no-match", best: undefined });
});
