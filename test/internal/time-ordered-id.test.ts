import { setTimeout as sleep } from "node:timers/promises";

import { expect, test } from "vitest";

import { timeOrderedId } from "../../src/internal/time-ordered-id.js";

test("ids are UUIDs of version 7 with the time of their making", () => {
  const before = Date.now();
  const id = timeOrderedId();
  expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  const time = parseInt(id.slice(0, 13).replace("-", ""), 16);
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(Date.now());
});

test("ids of one millisecond differ, and those of different ones are in order", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) {
    ids.push(timeOrderedId());
    await sleep(2);
  }
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(Array.from({ length: 10_000 }, timeOrderedId)).size).toBe(10_000);
});
