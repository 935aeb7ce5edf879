import { expect, test } from "vitest";

import {
  areaUnderCurve,
  attackRates,
  ratesAt,
  type Scored,
  suggestedThreshold,
  worstApcer,
} from "../../src/evaluate/attack-rates.js";

const live = (...scores: readonly (number | undefined)[]): Scored[] =>
  scores.map((score) => ({ species: undefined, score }));
const attacks = (species: string, ...scores: readonly (number | undefined)[]): Scored[] =>
  scores.map((score) => ({ species, score }));

test("attacks are counted by species, people apart, each with its interval", () => {
  const { apcer, bpcer } = attackRates([
    { species: "print", live: true },
    { species: "print", live: false },
    { species: "phone", live: false },
    { species: undefined, live: true },
    { species: undefined, live: false },
    { species: undefined, live: true },
  ]);
  expect([...apcer.keys()]).toEqual(["phone", "print"]);
  expect(apcer.get("print")).toMatchObject({ errors: 1, answered: 2, rate: 0.5 });
  expect(apcer.get("phone")).toMatchObject({ errors: 0, answered: 1, rate: 0 });
  expect(apcer.get("phone")?.interval.high).toBeCloseTo(0.975, 3);
  expect(bpcer).toMatchObject({ errors: 1, answered: 3, unanswered: 0 });
});

test("what had no answer counts in no rate, and is told", () => {
  const { apcer, bpcer } = attackRates([
    { species: "print", live: undefined },
    { species: undefined, live: undefined },
    { species: undefined, live: false },
  ]);
  expect(apcer.get("print")).toMatchObject({ answered: 0, unanswered: 1, rate: undefined });
  expect(apcer.get("print")?.interval).toEqual({ low: 0, high: 1 });
  expect(bpcer).toMatchObject({ errors: 1, answered: 1, unanswered: 1 });
});

test("a score equal to the threshold is live", () => {
  const { apcer, bpcer } = ratesAt([...live(0.5), ...attacks("print", 0.5)], 0.5);
  expect(apcer.get("print")?.errors).toBe(1);
  expect(bpcer.errors).toBe(0);
});

test("the worst species counts, not the mean", () => {
  const rates = ratesAt([...attacks("a", 0.9, 0.1), ...attacks("b", 0.1, 0.1)], 0.5);
  expect(worstApcer(rates)).toBe(0.5);
  expect(worstApcer(ratesAt(live(0.9), 0.5))).toBeUndefined();
});

const scored = [
  ...live(0.4, 0.7, 0.8, 0.9),
  ...attacks("print", 0.1, 0.6),
  ...attacks("phone", 0.2),
];

test("the threshold for a wanted APCER refuses as few people as it can", () => {
  const none = suggestedThreshold(scored, { of: "apcer", rate: 0 });
  expect(none).toBeCloseTo(0.65);
  const half = suggestedThreshold(scored, { of: "apcer", rate: 0.5 });
  expect(half).toBeCloseTo(0.3); // one of two prints passes, no phone
});

test("the threshold for a wanted BPCER accepts as few attacks as it can", () => {
  expect(suggestedThreshold(scored, { of: "bpcer", rate: 0 })).toBeCloseTo(0.3);
  expect(suggestedThreshold(scored, { of: "bpcer", rate: 0.25 })).toBeCloseTo(0.65);
});

test("a threshold has as many digits as its gap needs", () => {
  const at = (of: "apcer" | "bpcer", ...all: Scored[]) => suggestedThreshold(all, { of, rate: 0 });
  expect(at("apcer", ...scored)).toBe(0.65);
  expect(at("apcer", ...live(0.99998), ...attacks("print", 0.99995))).toBe(0.99996);
  expect(at("apcer", ...attacks("print", 0.99996))).toBe(0.99998);
  expect(at("bpcer", ...live(1))).toBe(1);
});

test("a threshold is found among 30,000 presentations", () => {
  const many = Array.from({ length: 15_000 }, (_, i) => [
    ...live(0.2 + (i / 15_000) * 0.8),
    ...attacks("print", (i / 15_000) * 0.8),
  ]).flat();
  expect(suggestedThreshold(many, { of: "apcer", rate: 0.1 })).toBeCloseTo(0.72, 3);
  expect(suggestedThreshold(many, { of: "bpcer", rate: 0.1 })).toBeCloseTo(0.28, 3);
});

test("without what is to be counted there is no threshold", () => {
  expect(suggestedThreshold(live(0.5), { of: "apcer", rate: 0.1 })).toBeUndefined();
  expect(suggestedThreshold(attacks("a", 0.5), { of: "bpcer", rate: 0.1 })).toBeUndefined();
  expect(suggestedThreshold(live(undefined), { of: "bpcer", rate: 1 })).toBeUndefined();
});

test("the area under the curve is that of counting pairs", () => {
  const [a, b] = [
    [0.9, 0.5, 0.5, 0.2],
    [0.5, 0.1, 0.3],
  ];
  let wins = 0;
  for (const x of a) for (const y of b) wins += x > y ? 1 : x === y ? 0.5 : 0;
  expect(areaUnderCurve(a, b)).toBeCloseTo(wins / 12, 12);
  expect(areaUnderCurve([1, 2], [0])).toBe(1);
  expect(areaUnderCurve([], [0])).toBeUndefined();
});
