import { expect, test } from "vitest";

import { scoreEvents, scoreWindows } from "../../bench/liveness/blink-score.js";
import { blinkAt, eyeClip } from "../liveness/eye-clip.js";

const blink = (startMs: number, endMs: number) => ({ startMs, endMs, peakMs: startMs });
const clip = {
  name: "made up",
  frames: eyeClip({ durationMs: 8000, left: blinkAt(4000) }),
  blinks: [{ fromMs: 3900, toMs: 4150 }],
  ignored: [{ fromMs: 7000, toMs: 7200 }],
};

test("an event near a label is found, a second one at the same label is wrong", () => {
  const one = scoreEvents(clip, [blink(4200, 4400)]);
  expect(one).toEqual({ labelled: 1, found: 1, missed: [], wrong: [] });
  const two = scoreEvents(clip, [blink(3950, 4000), blink(4050, 4100)]);
  expect(two).toMatchObject({ found: 1, wrong: [blink(4050, 4100)] });
});

test("a label without an event is missed, an event elsewhere is wrong, one in an ignored span is neither", () => {
  const score = scoreEvents(clip, [blink(1000, 1200), blink(7150, 7300)]);
  expect(score).toEqual({
    labelled: 1,
    found: 0,
    missed: clip.blinks,
    wrong: [blink(1000, 1200)],
  });
});

test("windows hold a whole label, none, or cut one; those that touch an ignored span are left out", () => {
  const score = scoreWindows(clip, 3000, 500);
  // They start at 0, 0.5 ... 5 s: those at 1 and 4 cut the label, those from 4.5 on touch 7 s.
  expect(score).toEqual({ positives: 5, found: 5, negatives: 2, wrong: 0, cut: 2, cutFound: 0 });
});
