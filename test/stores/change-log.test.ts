import { expect, test } from "vitest";

import { ChangeLog } from "../../src/stores/change-log.js";
import { changesOf } from "../../src/stores/changes.js";
import type { Change } from "../../src/stores/store.js";

function changes(sequence: number, count: number): Change[] {
  return Array.from({ length: count }, (_, i) => ({
    sequence,
    kind: "subject-changed",
    subjectId: `s${String(i)}`,
  }));
}

function logOf(...counts: readonly number[]): ChangeLog {
  const log = new ChangeLog();
  for (const [i, count] of counts.entries()) log.add(i + 1, changes(i + 1, count));
  return log;
}

/** What a page holds: how many changes, and where it ends. */
function page(log: ChangeLog, sequence: number, limit: number): number[] | undefined {
  const found = log.since(sequence, limit);
  return found && [found.changes.length, found.sequence];
}

test("pages hold whole transactions, and at least one", () => {
  const log = logOf(2, 0, 3, 1, 0);
  expect(page(log, 0, 1)).toEqual([2, 1]);
  expect(page(log, 0, 2)).toEqual([2, 1]);
  expect(page(log, 0, 4)).toEqual([2, 2]);
  expect(page(log, 0, 5)).toEqual([5, 3]);
  expect(page(log, 0, 6)).toEqual([6, 5]);
  expect(page(log, 1, 1)).toEqual([3, 3]);
  expect(page(log, 2, 3)).toEqual([3, 3]);
  expect(page(log, 3, 10)).toEqual([1, 5]);
  expect(page(log, 4, 10)).toEqual([0, 5]);
  expect(page(log, 5, 10)).toEqual([0, 5]);
  expect(page(log, 6, 10)).toBeUndefined();
});

test("an empty log has reached nothing", () => {
  expect(page(new ChangeLog(), 0, 1)).toEqual([0, 0]);
  expect(page(new ChangeLog(), 1, 1)).toBeUndefined();
});

test("the newest 100,000 changes are kept, by whole transactions", () => {
  const log = logOf(10, 60_000, 39_995);
  expect(page(log, 0, 10)).toEqual([10, 1]);
  log.add(4, changes(4, 5));
  expect(page(log, 0, 10)).toBeUndefined();
  expect(page(log, 1, 10)).toEqual([60_000, 2]);
  log.add(5, changes(5, 250_000));
  expect(page(log, 3, 10)).toBeUndefined();
  expect(page(log, 4, 10)).toEqual([250_000, 5]);
  for (let sequence = 6; sequence <= 2006; sequence++) log.add(sequence, changes(sequence, 100));
  expect(page(log, 1005, 10)).toBeUndefined();
  expect(page(log, 1006, 10)).toEqual([100, 1007]);
  expect(log.since(1006, 100)?.changes).toEqual(changes(1007, 100));
});

test("a transaction tells each subject and gallery once, as it is in the end", () => {
  const subject = { id: "ada", metadata: undefined, createdAtMs: 1 };
  const member = { galleryKey: 1, galleryId: "g", subjectKey: 1, subjectId: "bob" };
  const told = changesOf(
    [
      { kind: "insert-subject", key: 1, subject },
      { kind: "delete-subject", subjectId: "ada", key: 1 },
      { kind: "insert-gallery", key: 1, galleryId: "g" },
      { kind: "insert-member", ...member },
      { kind: "set-metadata", key: 2, subjectId: "bob", metadata: "1" },
      { kind: "delete-subject", subjectId: "cem", key: 3 },
      { kind: "insert-subject", key: 3, subject: { ...subject, id: "cem" } },
      { kind: "delete-gallery", key: 2, galleryId: "h" },
    ],
    7,
  );
  expect(told).toEqual([
    { sequence: 7, kind: "gallery-changed", galleryId: "g" },
    { sequence: 7, kind: "gallery-deleted", galleryId: "h" },
    { sequence: 7, kind: "subject-deleted", subjectId: "ada" },
    { sequence: 7, kind: "subject-changed", subjectId: "bob" },
    { sequence: 7, kind: "subject-changed", subjectId: "cem" },
  ]);
});
