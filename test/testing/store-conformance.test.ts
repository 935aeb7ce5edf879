import { expect, test } from "vitest";

import { storeConformance } from "../../src/testing/store-conformance.js";
import { collectedRules, failureOf } from "./collected.js";
import { FAULTS } from "./faults.js";
import { placeOf } from "./toy-place.js";
import { type ToyDisk, ToyStore } from "./toy-store.js";

storeConformance(test, {
  name: "toy store",
  place: () => placeOf(ToyStore),
  leaveOutRows: "the toy sorts all ids anew for each page",
});

test.each(FAULTS)("a store that has this fault is caught: %s", async (_fault, faulty, rule) => {
  const rules = collectedRules({ name: "toy", place: () => placeOf(faulty) });
  const meant = rules.filter(({ name }) => name.includes(rule));
  expect(meant.map(({ name }) => name)).not.toEqual([]);
  const found: string[] = [];
  for (const one of meant) found.push((await failureOf(one)) ?? "kept");
  expect(found).not.toEqual(found.map(() => "kept"));
});

test("what a store lacks is skipped with its reason, and never silently kept", async () => {
  class SmallStore extends ToyStore {
    override readonly supports = { ...everything, durable: false, filter: false, changes: false };
  }
  const { supports: everything } = new ToyStore({ model: undefined, journal: [] });
  const rules = collectedRules({
    place: () => ({ open: () => new SmallStore({ model: undefined, journal: [] }) }),
    leaveOutRows: "too many for a toy",
  });
  const reasons = new Map<string, string[]>();
  const bodies = rules.filter(({ name }) => name.startsWith("store ["));
  for (const { name, run } of bodies) {
    const skipped: string[] = [];
    await run({ skip: (reason: string) => skipped.push(reason) });
    const need = /\[(.+?)\]/.exec(name)?.[1] ?? "";
    reasons.set(need, [...new Set([...(reasons.get(need) ?? []), ...skipped])]);
  }
  expect(Object.fromEntries(reasons)).toEqual({
    exact: [],
    filter: ["supports.filter is false"],
    changes: ["supports.changes is false"],
    durable: ["supports.durable is false"],
    "durable, changes": ["supports.durable is false"],
    crash: ["supports.durable is false"],
    rows: ["left out by its caller: too many for a toy"],
  });
});

test("a durable place without a crash says so", async () => {
  const disk: ToyDisk = { model: undefined, journal: [] };
  const rules = collectedRules({ place: () => ({ open: () => new ToyStore(disk) }) });
  const skipped: string[] = [];
  for (const { name, run } of rules) {
    if (name.includes("[crash]")) await run({ skip: (reason: string) => skipped.push(reason) });
  }
  expect(new Set(skipped)).toEqual(new Set(["the place has no crash()"]));
});

test("a place is removed after its stores were closed, also when a rule is broken", async () => {
  const events: string[] = [];
  class Noisy extends ToyStore {
    override async close() {
      await super.close();
      events.push("closed");
    }
    override async hasGallery(): Promise<boolean> {
      return Promise.reject(new Error("broken"));
    }
  }
  const place = () => ({
    open: () => new Noisy({ model: undefined, journal: [] }),
    remove: () => {
      events.push("removed");
    },
  });
  const [rule] = collectedRules({ place }).filter(({ name }) => name.includes("has nothing"));
  expect(rule && (await failureOf(rule))).toBe("broken");
  expect(events).toEqual(["closed", "removed"]);
});
