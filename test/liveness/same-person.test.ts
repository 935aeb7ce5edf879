import { expect, test } from "vitest";

import { distanceToMean, largestDrift } from "../../src/liveness/same-person.js";

/** Two vectors of shape [4], half a unit apart. */
const ADA = Float32Array.of(1, 0, 0, 0);
const BEN = Float32Array.of(1, 0.5, 0, 0);
const sequence = (people: string) => Array.from(people, (who) => (who === "a" ? ADA : BEN));

test.each([
  ["aaaabbbb", 0.5],
  ["aabbbbbb", 0.5],
  ["aaaabbaaaa", 0.5],
  ["bbaaaaaaaa", 0.5],
  ["aaaaaaaaaa", 0],
])("the mean of the stretch in %s that differs most is %d from that of the rest", (who, drift) => {
  expect(largestDrift(sequence(who))).toBeCloseTo(drift, 6);
});

test("one vector alone is no stretch: it counts together with its neighbour", () => {
  expect(largestDrift(sequence("aaaabaaaa"))).toBeCloseTo(0.25, 6);
});

test.each(["", "a", "ab", "aab"])("%j is too short to split", (who) => {
  expect(largestDrift(sequence(who))).toBe(0);
});

test("of more than 64 vectors the means of groups are compared", () => {
  const groupsOfTen = "a".repeat(640);
  expect(largestDrift(sequence(groupsOfTen))).toBe(0);
  expect(largestDrift(sequence(groupsOfTen.slice(0, 320) + "b".repeat(320)))).toBeCloseTo(0.5, 6);
  // A tenth of one group, which needs a neighbour: half of a tenth.
  expect(largestDrift(sequence(`${"a".repeat(320)}b${"a".repeat(319)}`))).toBeCloseTo(0.025, 3);
});

test("the distance to a mean is that to the middle of all", () => {
  expect(distanceToMean(ADA, [ADA, BEN])).toBeCloseTo(0.25, 6);
  expect(distanceToMean(ADA, [ADA])).toBe(0);
});
