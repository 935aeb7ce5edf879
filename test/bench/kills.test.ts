import { expect, test } from "vitest";

import { faultOf, readSaid, type Said } from "../../bench/store/kills.js";

function said(...lines: string[]): Said | undefined {
  const all = new Map<string, Said>();
  readSaid(lines, all);
  return all.get("person-1");
}

function found(names: string, galleries = ["staff"]) {
  const faces = Array.from(names, (name) => ({
    id: `person-1-${name}`,
    subjectId: "person-1",
    vector: new Float32Array(8),
    box: undefined,
    score: undefined,
    createdAtMs: 1,
  }));
  return { faces, galleries };
}

test("somebody whose registration was acknowledged must be there, whole", () => {
  expect(faultOf(said("+person-1"), found("ab"))).toBeUndefined();
  expect(faultOf(said("+person-1"), undefined)).toBe("lost");
  expect(faultOf(said("+person-1"), found("a"))).toBe("half");
  expect(faultOf(said("+person-1"), found("ab", []))).toBe("half");
});

test("somebody of whom nothing was said may be there, but never half", () => {
  expect(faultOf(undefined, undefined)).toBeUndefined();
  expect(faultOf(undefined, found("ab"))).toBeUndefined();
  expect(faultOf(undefined, found("b"))).toBe("half");
});

test("a third face is in doubt while it is added, and then must be there", () => {
  const begun = said("+person-1", "c?person-1");
  expect(faultOf(begun, found("ab"))).toBeUndefined();
  expect(faultOf(begun, found("abc"))).toBeUndefined();
  const done = said("+person-1", "c?person-1", "cperson-1");
  expect(faultOf(done, found("abc"))).toBeUndefined();
  expect(faultOf(done, found("ab"))).toBe("half");
  expect(faultOf(said("+person-1"), found("abc"))).toBe("half");
});

test("somebody is in doubt while being deleted, and then must be gone", () => {
  const begun = said("+person-1", "-?person-1");
  expect(faultOf(begun, undefined)).toBeUndefined();
  expect(faultOf(begun, found("ab"))).toBeUndefined();
  expect(faultOf(begun, found("a"))).toBe("half");
  const done = said("+person-1", "-?person-1", "-person-1");
  expect(faultOf(done, undefined)).toBeUndefined();
  expect(faultOf(done, found("ab"))).toBe("undead");
});
