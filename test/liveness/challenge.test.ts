import { describe, expect, test } from "vitest";

import type { Challenge } from "../../src/liveness/challenge.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";
import { templateOf } from "../fixtures/takes.js";
import {
  ADA,
  bestOf,
  clipOf,
  codeOf,
  doneRight,
  followed,
  House,
  VIDEO,
} from "./challenge-house.js";
import { PoseClip } from "./pose-clip.js";

const KEY = new Uint8Array(32).fill(5);

/** One clip behind the other. */
function joined(first: PoseClip, second: PoseClip): readonly TrackedFrame[] {
  const later = second.frames.map((frame) => ({
    ...frame,
    timestampMs: frame.timestampMs + first.nowMs,
  }));
  return [...first.frames, ...later];
}

test("after closing none is made or opened", async () => {
  const house = new House();
  const text = house.make().serialize();
  await house.operations.close();
  expect(await codeOf(() => house.make())).toBe("COUNTENANCE_STORE_CLOSED");
  expect(await codeOf(() => house.open(text))).toBe("COUNTENANCE_STORE_CLOSED");
});

describe("judging", () => {
  test("one person who does all steps in order SUCCEEDED, and the result has their template", async () => {
    const challenge = new House().make({ steps: 4 });
    const result = await challenge.judge(VIDEO);
    expect(result.reasons).toEqual([]);
    expect(result).toMatchObject({ state: "SUCCEEDED", template: ADA });
    expect(result.done.map(({ action }) => action)).toEqual(
      challenge.steps.map(({ action }) => action),
    );
    expect(challenge.state).toBe("SUCCEEDED");
  });

  test("steps that were not done FAILED, without a template", async () => {
    const challenge = new House({ frames: () => new PoseClip().as(ADA).still(3000).frames }).make();
    const result = await challenge.judge(VIDEO);
    expect(result).toMatchObject({
      state: "FAILED",
      reasons: ["STEP_MISSING"],
      template: undefined,
    });
    expect([challenge.state, challenge.reasons]).toEqual(["FAILED", ["STEP_MISSING"]]);
  });

  test("another person who does a part of them is DIFFERENT_PERSON", async () => {
    const swapped = (challenge: Challenge) => {
      const clip = clipOf(challenge).frames;
      const half = clip.length / 2;
      return clip.map((frame, i) =>
        i < half ? frame : (clipOf(challenge, templateOf(2)).frames[i] ?? frame),
      );
    };
    const result = await new House({ frames: swapped }).make().judge(VIDEO);
    expect(result.reasons).toContain("DIFFERENT_PERSON");
  });

  test("templates of a turned head compare nobody", async () => {
    const aside = (challenge: Challenge) =>
      doneRight(challenge).map((frame) =>
        frame.face && Math.abs(frame.face.pose.yaw) > 15
          ? { ...frame, face: { ...frame.face, template: templateOf(3) } }
          : frame,
      );
    const house = new House({ frames: aside });
    const challenge = house.make({ actions: ["turn-left", "turn-right"] });
    expect((await challenge.judge(VIDEO)).state).toBe("SUCCEEDED");
  });

  test("a face that is lost on the way is FACE_LOST, before and after it is not", async () => {
    const away = (from: number, until: number) => (challenge: Challenge) =>
      doneRight(challenge).map((frame, i, all) =>
        i >= from * all.length && i < until * all.length ? { ...frame, face: undefined } : frame,
      );
    const middle = new House({ frames: away(0.4, 0.6) });
    expect((await middle.make().judge(VIDEO)).reasons).toContain("FACE_LOST");
    const after = (challenge: Challenge) => clipOf(challenge).noFace(1000).frames;
    expect((await new House({ frames: after }).make().judge(VIDEO)).state).toBe("SUCCEEDED");
  });

  test("no face at all is NO_FACE and nothing else", async () => {
    const nobody = new House({ frames: () => new PoseClip().noFace(2000).frames });
    expect((await nobody.make().judge(VIDEO)).reasons).toEqual(["NO_FACE"]);
  });

  test("without a clear frame there is no success", async () => {
    const blurred = new House({
      track: () => Promise.resolve({ ...followed(clipOf(challenge).frames), best: undefined }),
    });
    const challenge: Challenge = blurred.make();
    expect((await challenge.judge(VIDEO)).reasons).toEqual(["NO_CLEAR_FRAME"]);
  });

  test.each(["before", "after"])(
    "the best frame is of the same take, also %s the steps",
    async (when) => {
      // A frame of somebody alike, behind a gap: it must not become the template.
      const spliced: House = new House({
        track: () => {
          const clip = clipOf(challenge);
          if (when === "after") clip.noFace(500).as(ADA).still(500);
          const early = new PoseClip().as(ADA).still(300).noFace(500);
          const frames = when === "after" ? clip.frames : joined(early, clip);
          const best = bestOf(ADA, when === "after" ? clip.nowMs - 100 : 100);
          return Promise.resolve(followed(frames, best));
        },
      });
      const challenge: Challenge = spliced.make();
      expect((await challenge.judge(VIDEO)).reasons).toEqual(["FACE_LOST"]);
    },
  );

  test("the clip may be as long as its steps need", async () => {
    const house = new House();
    await house.make({ steps: 2, stepMs: 4000 }).judge(VIDEO);
    expect(house.maxDurations).toEqual([16_000]);
  });

  test("a mirrored clip is one that was declared so when the challenge was made", async () => {
    const options = { steps: 1, actions: ["turn-left"] } as const;
    const house = new House({
      frames: () => new PoseClip().as(ADA).still(1500).move({ yaw: -30 }).still(500).frames,
    });
    expect((await house.make({ ...options, mirrored: true }).judge(VIDEO)).state).toBe("SUCCEEDED");
    expect((await house.make(options).judge(VIDEO)).reasons).toEqual(["EXTRA_ACTION"]);
  });

  test.each([[null], [{ signal: 1 }], [{ mirrored: true }]])(
    "options that are %j are INVALID_ARGUMENT",
    async (options) => {
      const challenge = new House().make();
      // As a JavaScript caller might.
      const judge = () => challenge.judge(VIDEO, options as object);
      expect(await codeOf(judge)).toBe("COUNTENANCE_INVALID_ARGUMENT");
      expect(challenge.state).toBe("CREATED");
    },
  );
});

describe("expiry", () => {
  test("is a result and no exception, and does not ask for a claim or look at the video", async () => {
    const house = new House({ claim: () => Promise.reject(new Error("asked")) });
    const challenge = house.make({ ttlMs: 5000 });
    house.nowMs += 4999;
    expect(challenge.state).toBe("CREATED");
    house.nowMs += 1;
    expect(challenge.state).toBe("EXPIRED");
    expect(await challenge.judge(VIDEO)).toMatchObject({ state: "EXPIRED", template: undefined });
    expect(house.maxDurations).toEqual([]);
  });

  test("what one caller does to the result reaches no other", async () => {
    const house = new House();
    const challenge = house.make();
    house.nowMs += 120_000;
    const { reasons, done } = await challenge.judge(VIDEO);
    for (const list of [reasons, done]) {
      expect(() => (list as unknown[]).push(1)).toThrow(TypeError); // against its type
    }
  });

  test("counts until the verdict: a clip that takes too long to follow is EXPIRED", async () => {
    const slow: House = new House({
      track: () => {
        slow.nowMs += 120_000;
        return Promise.resolve(followed(clipOf(challenge).frames));
      },
    });
    const challenge = slow.make();
    expect((await challenge.judge(VIDEO)).state).toBe("EXPIRED");
  });

  test("a verdict stays what it is", async () => {
    const house = new House();
    const challenge = house.make();
    await challenge.judge(VIDEO);
    house.nowMs += 10_000_000;
    expect(challenge.state).toBe("SUCCEEDED");
  });
});

describe("serialised", () => {
  test("it opens on another server with the same key, through JSON, with all its terms", () => {
    const made = new House({ key: KEY }).make({ steps: 6, mirrored: true });
    const carried = JSON.parse(JSON.stringify({ text: made.serialize() })) as { text: string };
    const opened = new House({ key: KEY }).open(carried.text);
    const terms = ({
      nonce,
      steps,
      createdAtMs,
      expiresAtMs,
      stepMs,
      mirrored,
      state,
    }: Challenge) => ({
      nonce,
      steps,
      createdAtMs,
      expiresAtMs,
      stepMs,
      mirrored,
      state,
    });
    expect(terms(opened)).toEqual(terms(made));
    expect(opened.serialize()).toBe(made.serialize());
  });

  test("a verdict goes with it", async () => {
    const challenge = new House({
      key: KEY,
      frames: () => new PoseClip().as(ADA).still(3000).frames,
    }).make();
    await challenge.judge(VIDEO);
    const opened = new House({ key: KEY }).open(challenge.serialize());
    expect([opened.state, opened.reasons]).toEqual(["FAILED", ["STEP_MISSING"]]);
    expect(await codeOf(() => opened.judge(VIDEO))).toBe("COUNTENANCE_CHALLENGE_USED");
  });

  test("an expired one opens, and is EXPIRED", () => {
    const house = new House();
    const text = house.make().serialize();
    house.nowMs += 120_000;
    expect(house.open(text).state).toBe("EXPIRED");
  });

  test("without a key of the host's no other process opens it", async () => {
    const text = new House().make().serialize();
    expect(await codeOf(() => new House().open(text))).toBe("COUNTENANCE_INVALID_ARGUMENT");
  });

  test("the longest one is far below the limit of a text", () => {
    const text = new House().make({ steps: 6 }).serialize();
    expect(text.length).toBeLessThan(1500);
  });

  test("its steps cannot be changed from outside", () => {
    const { steps } = new House().make();
    expect(() => {
      (steps as unknown[]).pop();
    }).toThrow(TypeError); // against its type
    expect(steps).toHaveLength(3);
  });
});
