import { describe, expect, test } from "vitest";

import {
  CHALLENGE_ACTIONS,
  type ChallengeAction,
  type ChallengeStep,
  chooseSteps,
  judgeSteps,
  type StepsJudgement,
} from "../../src/liveness/challenge-steps.js";
import { PoseClip } from "./pose-clip.js";

const LEFT = { yaw: 30 };
const RIGHT = { yaw: -30 };
const UP = { pitch: -20 };
const DOWN = { pitch: 20 };

function step(action: ChallengeAction, times = 1): ChallengeStep {
  return { action, times };
}

function judged(
  steps: readonly ChallengeStep[],
  clip: PoseClip,
  options: { stepMs?: number; mirrored?: boolean } = {},
): StepsJudgement {
  const { stepMs = 5000, mirrored = false } = options;
  return judgeSteps({ steps, stepMs, mirrored }, clip.frames, clip.blinks);
}

function reason(...given: Parameters<typeof judged>): string | undefined {
  return judged(...given).reason;
}

describe("choosing", () => {
  /** Numbers that repeat, as a fair die would not. */
  const counted = () => {
    let calls = 0;
    return (n: number) => calls++ % n;
  };

  test("no two actions in a row are equal, and only allowed ones come", () => {
    const allowed = ["blink", "turn-left", "look-up"] as const;
    for (let count = 1; count <= 6; count++) {
      const actions = chooseSteps(count, allowed, counted()).map(({ action }) => action);
      expect(actions).toHaveLength(count);
      expect(actions.every((action, i) => action !== actions[i - 1])).toBe(true);
      expect(allowed).toEqual(expect.arrayContaining(actions));
    }
  });

  test("every sequence is as likely as the others", () => {
    // All outcomes of the dice, once each: 5 x 4, blinks with 3 counts.
    const seen = new Map<string, number>();
    for (let first = 0; first < 5; first++) {
      for (let second = 0; second < 4; second++) {
        const dice = [first, second];
        const steps = chooseSteps(2, CHALLENGE_ACTIONS, (n) => (n === 3 ? 0 : (dice.shift() ?? 0)));
        const name = steps.map(({ action }) => action).join();
        seen.set(name, (seen.get(name) ?? 0) + 1);
      }
    }
    expect(seen.size).toBe(20);
    expect([...seen.values()].every((count) => count === 1)).toBe(true);
  });

  test("a blink is asked for one to three times, all else once", () => {
    for (let times = 1; times <= 3; times++) {
      expect(chooseSteps(1, ["blink"], (n) => (n === 3 ? times - 1 : 0))).toEqual([
        { action: "blink", times },
      ]);
    }
    expect(chooseSteps(1, ["look-up"], () => 0)).toEqual([{ action: "look-up", times: 1 }]);
  });
});

describe("what is done", () => {
  const steps = [step("blink", 2), step("turn-left"), step("look-up")];

  test("all steps in their order, each in its time, succeed", () => {
    const clip = new PoseClip().still(1000).blink().blink().still(300);
    clip.move(LEFT).still(300).move(UP).still(300);
    const { reason: why, done } = judged(steps, clip);
    expect(why).toBeUndefined();
    expect(done.map(({ action }) => action)).toEqual(["blink", "turn-left", "look-up"]);
    const times = done.flatMap(({ startMs, endMs }) => [startMs, endMs]);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test.each([
    ["turn-left", LEFT],
    ["turn-right", RIGHT],
    ["look-up", UP],
    ["look-down", DOWN],
  ] as const)("%s is the person's own direction", (action, by) => {
    expect(reason([step(action)], new PoseClip().still(1000).move(by).still(300))).toBeUndefined();
  });

  test("in a mirrored clip left and right are exchanged, up and down are not", () => {
    const mirrored = (action: ChallengeAction, by: { yaw?: number; pitch?: number }) =>
      reason([step(action)], new PoseClip().still(1000).move(by).still(300), { mirrored: true });
    expect(mirrored("turn-left", RIGHT)).toBeUndefined();
    expect(mirrored("turn-right", LEFT)).toBeUndefined();
    expect(mirrored("look-up", UP)).toBeUndefined();
    expect(mirrored("turn-left", LEFT)).toBe("EXTRA_ACTION");
  });

  test("more blinks than asked for, and blinks in other steps, are allowed", () => {
    const clip = new PoseClip().still(1000).blink().blink().blink().move(LEFT).blink();
    clip.still(200).move(UP).still(300);
    expect(reason(steps, clip)).toBeUndefined();
  });

  test("what follows the last step does not count", () => {
    const clip = new PoseClip().still(1000).move(LEFT).still(300);
    const untilMs = clip.nowMs;
    clip.move(DOWN).noFace(500);
    const judgement = judged([step("turn-left")], clip);
    expect(judgement.reason).toBeUndefined();
    expect(judgement.untilMs).toBeLessThanOrEqual(untilMs);
  });

  test("what comes before the rest pose does not count", () => {
    const clip = new PoseClip().move(DOWN).move(LEFT).still(1000).move(LEFT).still(300);
    const judgement = judged([step("turn-left")], clip);
    expect(judgement.reason).toBeUndefined();
    expect(judgement.rest?.startMs).toBeGreaterThan(1800);
  });

  test("the last turn may end with the clip", () => {
    expect(reason([step("turn-left")], new PoseClip().still(1000).leave(LEFT))).toBeUndefined();
  });
});

test("a recorded clip fits one challenge in sixteen, since blinks in between are free", () => {
  const clip = new PoseClip().still(1000);
  for (const by of [LEFT, RIGHT, UP]) clip.blink().blink().blink().move(by).still(300);
  const sequences = CHALLENGE_ACTIONS.flatMap((a) =>
    CHALLENGE_ACTIONS.flatMap((b) => CHALLENGE_ACTIONS.map((c) => [a, b, c])),
  ).filter(([a, b, c]) => a !== b && b !== c);
  const fitting = sequences.filter(
    (actions) =>
      reason(
        actions.map((a) => step(a, a === "blink" ? 3 : 1)),
        clip,
      ) === undefined,
  );
  expect([fitting.length, sequences.length]).toEqual([5, 80]);
});

describe("what is not done", () => {
  test("a clip that does not begin at rest is NO_REST_POSE", () => {
    const clip = new PoseClip().move(LEFT).move(RIGHT).move(LEFT);
    expect(reason([step("turn-left")], clip)).toBe("NO_REST_POSE");
    expect(reason([step("turn-left")], new PoseClip().noFace(2000))).toBe("NO_REST_POSE");
    expect(reason([step("turn-left")], new PoseClip())).toBe("NO_REST_POSE");
  });

  test("a step that does not come is STEP_MISSING, and the steps before it are told", () => {
    const clip = new PoseClip().still(1000).move(LEFT).still(2000);
    const { reason: why, done } = judged([step("turn-left"), step("look-up")], clip);
    expect(why).toBe("STEP_MISSING");
    expect(done.map(({ action }) => action)).toEqual(["turn-left"]);
  });

  test("too few blinks are STEP_MISSING, whether the next step is done or nothing", () => {
    const steps = [step("blink", 2), step("turn-left")];
    expect(reason(steps, new PoseClip().still(1000).blink().still(1000))).toBe("STEP_MISSING");
    const clip = new PoseClip().still(1000).blink().move(LEFT).blink().still(500);
    expect(reason(steps, clip)).toBe("STEP_MISSING");
  });

  test("blinks before the rest pose is known, or with the head turned, are not counted", () => {
    const early = new PoseClip().blink().still(1000);
    expect(reason([step("blink")], early)).toBe("STEP_MISSING");
    const aside = new PoseClip().still(1000).leave({ yaw: 15 }, 300);
    const startMs = aside.nowMs;
    for (let i = 0; i < 5; i++) aside.leave({ yaw: 15 }, 34);
    aside.blinks.push({ startMs, peakMs: startMs + 66, endMs: startMs + 133 });
    aside.still(500);
    expect(reason([step("blink")], aside)).toBe("STEP_MISSING");
  });

  test("a later step first is WRONG_ORDER", () => {
    const steps = [step("turn-left"), step("look-up")];
    const clip = new PoseClip().still(1000).move(UP).still(300).move(LEFT).still(300);
    expect(reason(steps, clip)).toBe("WRONG_ORDER");
    const blinkFirst = [step("blink"), step("turn-left"), step("look-up")];
    expect(reason(blinkFirst, new PoseClip().still(1000).move(UP).still(300))).toBe("WRONG_ORDER");
  });

  test.each([
    ["before the first step", new PoseClip().still(1000).move(DOWN).still(300).move(LEFT).move(UP)],
    ["between two steps", new PoseClip().still(1000).move(LEFT).move(RIGHT).still(300).move(UP)],
    ["the same one twice", new PoseClip().still(1000).move(LEFT).move(LEFT).still(300).move(UP)],
  ])("a head movement that was not asked for is EXTRA_ACTION: %s", (_, clip) => {
    expect(reason([step("turn-left"), step("look-up")], clip.still(300))).toBe("EXTRA_ACTION");
  });

  test("trying all directions does not find the right one", () => {
    const clip = new PoseClip().still(1000);
    for (const by of [LEFT, RIGHT, UP, DOWN]) clip.move(by).still(300);
    expect(reason([step("look-up")], clip)).toBe("EXTRA_ACTION");
  });

  test("a step after its time is STEP_TOO_LATE; its time begins when the step before is done", () => {
    const late = new PoseClip().still(4000).move(LEFT).still(300);
    expect(reason([step("turn-left")], late, { stepMs: 3000 })).toBe("STEP_TOO_LATE");
    const blinks = new PoseClip().still(1000).blink().still(3000).blink().still(300);
    expect(reason([step("blink", 2)], blinks, { stepMs: 3000 })).toBe("STEP_TOO_LATE");
    const each = new PoseClip().still(2500).move(LEFT).still(2000).move(UP).still(300);
    const steps = [step("turn-left"), step("look-up")];
    expect(reason(steps, each, { stepMs: 3000 })).toBeUndefined();
    expect(reason(steps, each, { stepMs: 2000 })).toBe("STEP_TOO_LATE");
  });
});
