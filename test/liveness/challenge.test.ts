import { describe, expect, test } from "vitest";

import type { BestFrame } from "../../src/engine-track.js";
import { AbortedError, CountenanceError } from "../../src/errors.js";
import { Operations } from "../../src/internal/operations.js";
import {
  type Challenge,
  type Challenges,
  createChallenges,
  type TrackClip,
} from "../../src/liveness/challenge.js";
import { claimsInMemory } from "../../src/liveness/challenge-claims.js";
import { challengeSetupOf, type ChallengeSetup } from "../../src/liveness/challenge-options.js";
import type { ChallengeAction } from "../../src/liveness/challenge-steps.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";
import { templateOf } from "../fixtures/takes.js";
import { PoseClip, trackedFace } from "./pose-clip.js";

const ADA = templateOf(1);
const VIDEO = new Uint8Array(1); // what it shows is what the house's `track` says
const KEY = new Uint8Array(32).fill(5);

interface HouseOptions extends ChallengeSetup {
  /** What every clip shows; default: the steps, done by one person. */
  readonly frames?: (challenge: Challenge) => readonly TrackedFrame[];
  readonly track?: TrackClip;
}

/** A house with a clock of its own, whose videos show what the options say. */
class House {
  nowMs = 1_000_000;
  readonly maxDurations: number[] = [];
  readonly challenges: Challenges;
  #made: Challenge | undefined;

  constructor({ frames = doneRight, track, ...setup }: HouseOptions = {}) {
    const ownTrack: TrackClip = (_, { maxDurationMs }) => {
      this.maxDurations.push(maxDurationMs);
      if (this.#made === undefined) throw new Error("make a challenge first");
      return Promise.resolve({ frames: frames(this.#made), best: bestOf() });
    };
    const operations = new Operations(
      () => new CountenanceError("COUNTENANCE_STORE_CLOSED", "closed"),
    );
    this.challenges = createChallenges(track ?? ownTrack, operations, setup, () => this.nowMs);
  }

  make(...options: Parameters<Challenges["create"]>): Challenge {
    this.#made = this.challenges.create(...options);
    return this.#made;
  }

  open(text: string): Challenge {
    this.#made = this.challenges.open(text);
    return this.#made;
  }
}

function bestOf(template = ADA): BestFrame {
  const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 } as const;
  const face = trackedFace({ yaw: 0, pitch: 0, roll: 0 }, template);
  return { timestampMs: 0, image, face, template };
}

const MOVES: Record<Exclude<ChallengeAction, "blink">, { yaw?: number; pitch?: number }> = {
  "turn-left": { yaw: 30 },
  "turn-right": { yaw: -30 },
  "look-up": { pitch: -25 },
  "look-down": { pitch: 25 },
};

function clipOf(challenge: Challenge, template = ADA): PoseClip {
  const clip = new PoseClip().as(template).still(1500);
  for (const { action, times } of challenge.steps) {
    if (action === "blink") for (let i = 0; i < times; i++) clip.blink();
    else clip.move(MOVES[action]);
    clip.still(500);
  }
  return clip;
}

function doneRight(challenge: Challenge): readonly TrackedFrame[] {
  return clipOf(challenge).frames;
}

async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof CountenanceError ? error.code : "another error";
  }
}

describe("making one", () => {
  test("it has three steps, a nonce of its own, and two minutes", () => {
    const house = new House();
    const [a, b] = [house.make(), house.make()];
    expect(a.steps).toHaveLength(3);
    expect(a.nonce).toMatch(/^[\w-]{22}$/);
    expect(a.nonce).not.toBe(b.nonce);
    expect(a.expiresAtMs - a.createdAtMs).toBe(120_000);
    expect(a.state).toBe("CREATED");
  });

  test("what was asked for is what it has", () => {
    const challenge = new House().make({
      steps: 6,
      actions: ["turn-left", "turn-right"],
      ttlMs: 5000,
      stepMs: 2000,
      mirrored: true,
    });
    const actions = challenge.steps.map(({ action }) => action).join();
    expect(actions).toMatch(/^(turn-left,turn-right,?){3}$|^(turn-right,turn-left,?){3}$/);
    expect(challenge.expiresAtMs - challenge.createdAtMs).toBe(5000);
    expect([challenge.stepMs, challenge.mirrored]).toEqual([2000, true]);
  });

  test("the steps of many are not always the same", () => {
    const house = new House();
    const all = Array.from({ length: 50 }, () => JSON.stringify(house.make().steps));
    expect(new Set(all).size).toBeGreaterThan(10);
  });

  test.each([
    [{ steps: 0 }],
    [{ steps: 7 }],
    [{ steps: 1.5 }],
    [{ actions: [] }],
    [{ actions: "blink" }],
    [{ actions: ["blink", "dance"] }],
    [{ actions: ["blink"] }],
    [{ actions: ["blink", "blink"], steps: 2 }],
    [{ ttlMs: 999 }],
    [{ stepMs: Infinity }],
    [{ mirrored: "yes" }],
    [{ nonce: "mine" }],
    [[]],
  ])("%j is INVALID_ARGUMENT", async (options) => {
    const house = new House();
    // As a JavaScript caller might.
    const make = () => house.make(options as Parameters<Challenges["create"]>[0]);
    expect(await codeOf(make)).toBe("COUNTENANCE_INVALID_ARGUMENT");
  });
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
      track: () => Promise.resolve({ frames: clipOf(challenge).frames, best: undefined }),
    });
    const challenge: Challenge = blurred.make();
    expect((await challenge.judge(VIDEO)).reasons).toEqual(["NO_CLEAR_FRAME"]);
  });

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

describe("once", () => {
  test("a second judge is COUNTENANCE_CHALLENGE_USED, after success and after failure", async () => {
    for (const frames of [doneRight, () => new PoseClip().still(2000).frames]) {
      const challenge = new House({ frames }).make();
      const { state } = await challenge.judge(VIDEO);
      expect(await codeOf(() => challenge.judge(VIDEO))).toBe("COUNTENANCE_CHALLENGE_USED");
      expect(challenge.state).toBe(state);
    }
  });

  test("of many judges at once exactly one gets a verdict", async () => {
    const house = new House();
    const challenge = house.make();
    const copies = Array.from({ length: 20 }, () => house.open(challenge.serialize()));
    const codes = await Promise.all(
      [challenge, challenge, ...copies].map((one) => codeOf(() => one.judge(VIDEO))),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === "COUNTENANCE_CHALLENGE_USED")).toHaveLength(21);
  });

  test("two servers with one claim and one key share the single use", async () => {
    const claim = claimsInMemory(() => 0);
    const [here, there] = [new House({ key: KEY, claim }), new House({ key: KEY, claim })];
    const text = here.make().serialize();
    expect((await there.open(text).judge(VIDEO)).state).toBe("SUCCEEDED");
    expect(await codeOf(() => here.open(text).judge(VIDEO))).toBe("COUNTENANCE_CHALLENGE_USED");
  });

  test("a claim is asked for by nonce, and told how long to keep it: past the expiry", async () => {
    const asked: [string, number][] = [];
    const claim = (...one: [string, number]) => Promise.resolve(asked.push(one) > 0);
    const challenge = new House({ claim }).make();
    await challenge.judge(VIDEO);
    expect(asked).toEqual([[challenge.nonce, challenge.expiresAtMs + 60_000]]);
  });

  test("an error is no verdict: the challenge can be judged again", async () => {
    let calls = 0;
    const track: TrackClip = () => {
      calls++;
      if (calls === 1) throw new CountenanceError("COUNTENANCE_BUSY", "later");
      if (calls === 2) throw new CountenanceError("COUNTENANCE_IMAGE_UNREADABLE", "what is this?");
      return Promise.resolve({ frames: clipOf(challenge).frames, best: bestOf() });
    };
    const challenge: Challenge = new House({ track }).make();
    expect(await codeOf(() => challenge.judge(VIDEO))).toBe("COUNTENANCE_BUSY");
    expect(await codeOf(() => challenge.judge(VIDEO))).toBe("COUNTENANCE_IMAGE_UNREADABLE");
    expect(challenge.state).toBe("CREATED");
    expect((await challenge.judge(VIDEO)).state).toBe("SUCCEEDED");
  });

  test("an abort is no verdict either, whenever it comes", async () => {
    const abort = new AbortController();
    const claimed: string[] = [];
    const track: TrackClip = (_, __, signal) =>
      new Promise((resolve, reject) => {
        const clip = { frames: clipOf(challenge).frames, best: bestOf() };
        if (judged > 0) {
          resolve(clip);
          return;
        }
        judged++;
        signal.addEventListener("abort", () => {
          reject(new AbortedError());
        });
      });
    let judged = 0;
    const claim = (nonce: string) => Promise.resolve(claimed.push(nonce) > 0);
    const challenge: Challenge = new House({ track, claim }).make();
    const first = codeOf(() => challenge.judge(VIDEO, { signal: abort.signal }));
    expect(challenge.state).toBe("IN_PROGRESS");
    abort.abort();
    expect(await first).toBe("COUNTENANCE_ABORTED");
    expect(await codeOf(() => challenge.judge(VIDEO, { signal: abort.signal }))).toBe(
      "COUNTENANCE_ABORTED",
    );
    expect([challenge.state, claimed]).toEqual(["CREATED", []]);
    expect((await challenge.judge(VIDEO)).state).toBe("SUCCEEDED");
  });

  test("an abort after the clip was followed, and before the claim, uses nothing up", async () => {
    const abort = new AbortController();
    const claimed: string[] = [];
    const track: TrackClip = () => {
      abort.abort();
      return Promise.resolve({ frames: clipOf(challenge).frames, best: bestOf() });
    };
    const claim = (nonce: string) => Promise.resolve(claimed.push(nonce) > 0);
    const challenge: Challenge = new House({ track, claim }).make();
    expect(await codeOf(() => challenge.judge(VIDEO, { signal: abort.signal }))).toBe(
      "COUNTENANCE_ABORTED",
    );
    expect(claimed).toEqual([]);
  });

  test.each([["OK"], [null], [undefined], [1]])(
    "a claim that resolves to %j is INVALID_ARGUMENT, and gives no verdict",
    async (answer) => {
      // What a database's client answers, passed on as it is.
      const claim = () => Promise.resolve(answer as unknown as boolean);
      const challenge = new House({ claim }).make();
      expect(await codeOf(() => challenge.judge(VIDEO))).toBe("COUNTENANCE_INVALID_ARGUMENT");
      expect(challenge.state).toBe("CREATED");
    },
  );

  test("what a host's claim throws is what judge throws", async () => {
    const down = new Error("redis is down");
    const challenge = new House({ claim: () => Promise.reject(down) }).make();
    await expect(challenge.judge(VIDEO)).rejects.toBe(down);
  });
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

  test("counts until the verdict: a clip that takes too long to follow is EXPIRED", async () => {
    const slow: House = new House({
      track: () => {
        slow.nowMs += 120_000;
        return Promise.resolve({ frames: clipOf(challenge).frames, best: bestOf() });
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

describe("the host's setup", () => {
  test("a key is copied, so that the host may wipe theirs", () => {
    const key = new Uint8Array(32).fill(9);
    const { key: copy } = challengeSetupOf({ key });
    key.fill(0);
    expect(copy).toEqual(new Uint8Array(32).fill(9));
  });

  test.each([
    [{ key: new Uint8Array(31) }],
    [{ key: "secret" }],
    [{ key: [1, 2] }],
    [{ claim: true }],
    [{ keys: [] }],
    [5],
  ])("%j is INVALID_ARGUMENT", async (setup) => {
    expect(await codeOf(() => challengeSetupOf(setup))).toBe("COUNTENANCE_INVALID_ARGUMENT");
  });
});

describe("claims in memory", () => {
  test("the first claim of a nonce wins, and every later one does not", async () => {
    const claim = claimsInMemory(() => 0);
    expect([await claim("a", 10), await claim("a", 10), await claim("b", 10)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("they are bounded: old ones make room, and without any it is BUSY", async () => {
    let nowMs = 0;
    const claim = claimsInMemory(() => nowMs, 2);
    await claim("a", 10);
    await claim("b", 20);
    expect(await codeOf(() => claim("c", 30))).toBe("COUNTENANCE_BUSY");
    nowMs = 10;
    expect(await claim("c", 30)).toBe(true);
    expect(await claim("b", 20)).toBe(false);
    expect(await codeOf(() => claim("d", 30))).toBe("COUNTENANCE_BUSY");
  });
});
