import { describe, expect, test } from "vitest";

import type { Challenges } from "../../src/liveness/challenge.js";
import { challengeSetupOf } from "../../src/liveness/challenge-options.js";
import { codeOf, House } from "./challenge-house.js";

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
    [{ actions: ["blink"], steps: 1 }],
    [{ actions: ["look-up"] }],
    [{ actions: new Array(1), steps: 1 }],
    [{ actions: ["look-up", "look-up"], steps: 2 }],
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

describe("the host's setup", () => {
  test("a key is copied, so that the host may wipe theirs", () => {
    // slice() of a Buffer is a view of it.
    for (const key of [new Uint8Array(32).fill(9), Buffer.alloc(32, 9)]) {
      const { key: copy } = challengeSetupOf({ key });
      key.fill(0);
      expect(copy).toEqual(new Uint8Array(32).fill(9));
    }
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
