import { expect, test } from "vitest";

import * as countenance from "../src/index.js";
import { blinkAt, eyeClip } from "./liveness/eye-clip.js";

test("whoever decodes frames of their own finds blinks in them, live too", () => {
  const frames = eyeClip({ left: blinkAt(1500) });
  const { blinks } = countenance.findBlinks(frames);
  expect(blinks).toHaveLength(1);
  const detector = new countenance.BlinkDetector();
  expect(frames.flatMap((frame) => detector.push(frame))).toEqual(blinks);
});

test("every list of codes that results hold is public, and so is every error class", () => {
  const lists = [
    countenance.BLINK_MISS_REASONS,
    countenance.CHALLENGE_ACTIONS,
    countenance.ERROR_CODES,
    countenance.LIVENESS_REFUSALS,
    countenance.PASSIVE_REASONS,
    countenance.REPLAY_CUES,
    countenance.STEP_REASONS,
  ];
  expect(lists.every(({ length }) => length > 0)).toBe(true);
  const error = new countenance.NotLiveError(["NO_BLINK"], []);
  expect(error).toBeInstanceOf(countenance.CountenanceError);
});
