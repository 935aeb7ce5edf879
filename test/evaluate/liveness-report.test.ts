import { expect, test } from "vitest";

import type { ErrorCode } from "../../src/errors.js";
import { livenessMarkdown } from "../../src/evaluate/liveness-markdown.js";
import { livenessReport } from "../../src/evaluate/liveness-report.js";
import type { Outcome } from "../../src/evaluate/liveness-run.js";

const outcome = (
  species: string | undefined,
  score: number | undefined,
  more: Partial<Outcome> = {},
): Outcome => ({
  file: { path: "x", name: "x", kind: "picture", species },
  passive: {
    score,
    frameScores: score === undefined ? [] : [score],
    reasons: score === undefined ? ["NO_FACE"] : [],
  },
  blink: undefined,
  error: undefined,
  ...more,
});

const clip = (species: string | undefined, live: boolean): Outcome =>
  outcome(species, live ? 0.9 : 0.1, {
    file: { path: "x", name: "x", kind: "clip", species },
    blink: { live, reasons: live ? [] : ["NO_BLINK"] },
  });

const failed = (error: ErrorCode) => outcome("print", undefined, { passive: undefined, error });

const outcomes = [
  outcome(undefined, 0.95),
  outcome(undefined, 0.4),
  outcome(undefined, undefined),
  outcome("print", 0.2),
  outcome("print", 0.6),
  failed("COUNTENANCE_IMAGE_UNREADABLE"),
  clip("phone", false),
  clip(undefined, true),
];

test("every file is counted once, and every failure told", () => {
  const { counts } = livenessReport(outcomes, 3);
  expect(counts).toMatchObject({ live: 4, others: 3 });
  expect([...counts.attacks]).toEqual([
    ["phone", 1],
    ["print", 3],
  ]);
  expect([...counts.failed]).toEqual([["COUNTENANCE_IMAGE_UNREADABLE", 1]]);
  expect([...counts.unjudged]).toEqual([["NO_FACE", 1]]);
});

test("each point has rates of its own", () => {
  const { points } = livenessReport(outcomes, 0);
  const at = (name: string) => points.find(({ point }) => point === name)?.rates;
  expect(at("balanced")?.apcer.get("print")).toMatchObject({
    errors: 1,
    answered: 2,
    unanswered: 1,
  });
  expect(at("balanced")?.bpcer).toMatchObject({ errors: 1, answered: 3, unanswered: 1 });
  expect(at("usability")?.bpcer.errors).toBe(0);
  expect(at("security")?.apcer.get("print")?.errors).toBe(0);
});

test("blinks are counted on clips only", () => {
  const { blink } = livenessReport(outcomes, 0);
  expect(blink?.bpcer).toMatchObject({ errors: 0, answered: 1 });
  expect([...(blink?.apcer.keys() ?? [])]).toEqual(["phone"]);
  expect(livenessReport(outcomes.slice(0, 5), 0).blink).toBeUndefined();
});

test("a wanted rate gets a threshold, with what it does", () => {
  const { suggestion } = livenessReport(outcomes, 0, { of: "apcer", rate: 0 });
  expect(suggestion?.threshold).toBeCloseTo(0.75);
  expect(suggestion?.rates?.bpcer.errors).toBe(1);
  expect(livenessReport(outcomes, 0).suggestion).toBeUndefined();
});

test("no rate is printed without its counts and its interval", () => {
  const text = livenessMarkdown(livenessReport(outcomes, 0, { of: "bpcer", rate: 0 }));
  const rates = text.split("\n").filter((line) => /PCER/.test(line) && line.startsWith("|"));
  expect(rates.length).toBeGreaterThan(9);
  for (const line of rates) expect(line).toMatch(/\d+ \/ \d+ \| \d\.\d{3}\.\.\d\.\d{3} \| \d+ \|$/);
  expect(text).toContain("not validated");
});

test("a suggested threshold is printed as it is, not rounded to a score that it excludes", () => {
  const close = [outcome("print", 0.99995), outcome(undefined, 0.99998)];
  const text = livenessMarkdown(livenessReport(close, 0, { of: "apcer", rate: 0 }));
  expect(text).toContain("0.99996.");
});

test("a species cannot break the table", () => {
  const text = livenessMarkdown(livenessReport([outcome("a|b", 0.1)], 0));
  expect(text).toContain("APCER a\\|b");
});

test("attacks alone, or people alone, give a report too", () => {
  for (const some of [[outcome("print", 0.3)], [outcome(undefined, 0.3)]]) {
    const report = livenessReport(some, 0, { of: "apcer", rate: 0.1 });
    expect(report.frames.auc).toBeUndefined();
    expect(livenessMarkdown(report)).toContain("area under the curve -");
  }
});
