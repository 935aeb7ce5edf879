import { describe, expect, test } from "vitest";

import { AbortedError, CountenanceError } from "../../src/errors.js";
import type { Challenge, TrackClip } from "../../src/liveness/challenge.js";
import { claimsInMemory } from "../../src/liveness/challenge-claims.js";
import { clipOf, codeOf, doneRight, followed, House, VIDEO } from "./challenge-house.js";
import { PoseClip } from "./pose-clip.js";

const KEY = new Uint8Array(32).fill(5);

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
    const copies = Array.from({ length: 8 }, () => house.open(challenge.serialize()));
    const codes = await Promise.all(
      [challenge, challenge, ...copies].map((one) => codeOf(() => one.judge(VIDEO))),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === "COUNTENANCE_CHALLENGE_USED")).toHaveLength(9);
  });

  test("two servers with one claim and one key share the single use", async () => {
    const claim = claimsInMemory(() => 0);
    const [here, there] = [new House({ key: KEY, claim }), new House({ key: KEY, claim })];
    const text = here.make().serialize();
    expect((await there.open(text).judge(VIDEO)).state).toBe("SUCCEEDED");
    expect(await codeOf(() => here.open(text).judge(VIDEO))).toBe("COUNTENANCE_CHALLENGE_USED");
  });

  test("a copy that learned that it is used tracks no second clip", async () => {
    const house = new House();
    const text = house.make().serialize();
    const late = house.open(text);
    await house.open(text).judge(VIDEO);
    expect(late.state).toBe("CREATED");
    expect(await codeOf(() => late.judge(VIDEO))).toBe("COUNTENANCE_CHALLENGE_USED");
    expect([late.state, house.maxDurations.length]).toEqual(["EXPIRED", 2]);
    expect(await codeOf(() => late.judge(VIDEO))).toBe("COUNTENANCE_CHALLENGE_USED");
    expect(house.maxDurations).toHaveLength(2);
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
      return Promise.resolve(followed(clipOf(challenge).frames));
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
        const clip = followed(clipOf(challenge).frames);
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
      return Promise.resolve(followed(clipOf(challenge).frames));
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

  test.each([
    ["an abort", "COUNTENANCE_ABORTED"],
    ["closing", "COUNTENANCE_STORE_CLOSED"],
  ])("a claim that never answers does not hold back %s", async (end, code) => {
    const abort = new AbortController();
    const house: House = new House({
      claim: () => {
        setImmediate(() => (end === "closing" ? void house.operations.close() : abort.abort()));
        return new Promise(() => undefined);
      },
    });
    expect(await codeOf(() => house.make().judge(VIDEO, { signal: abort.signal }))).toBe(code);
  });

  test("what a host's claim throws is what judge throws", async () => {
    const down = new Error("redis is down");
    const challenge = new House({ claim: () => Promise.reject(down) }).make();
    await expect(challenge.judge(VIDEO)).rejects.toBe(down);
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
