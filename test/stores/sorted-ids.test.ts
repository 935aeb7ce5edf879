import { expect, test } from "vitest";

import { SortedIds } from "../../src/stores/sorted-ids.js";
import { randomFrom } from "../../src/testing/records.js";

function byBytes(ids: Iterable<string>): string[] {
  return [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

test("ids that come and go stay in the order of their bytes, page by page", () => {
  const random = randomFrom(3);
  const letters = ["a", "b", "\u00e9", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{1f600}"];
  const draw = () =>
    Array.from({ length: 4 }, () => letters[Math.floor(random() * letters.length)]).join("");
  const ids = new SortedIds();
  const expected = new Set<string>();
  for (let round = 0; round < 12_000; round++) {
    const id = draw();
    // Grows to some thousands, then shrinks again.
    if (random() < (round < 8000 ? 0.8 : 0.1)) {
      ids.add(id);
      expected.add(id);
    } else {
      ids.delete(id);
      expected.delete(id);
    }
    expect(ids.has(id)).toBe(expected.has(id));
    if (round % 1000 > 0) continue;
    const sorted = byBytes(expected);
    expect([...ids]).toEqual(sorted);
    expect(ids.size).toBe(sorted.length);
    const after = draw();
    const rest = byBytes([...sorted.filter((one) => one !== after), after]);
    const start = rest.indexOf(after) + 1;
    expect(ids.page(after, 1000)).toEqual(rest.slice(start, start + 1000));
    expect(ids.page(undefined, 7)).toEqual(sorted.slice(0, 7));
  }
  for (const id of [...ids]) ids.delete(id);
  expect([...ids, ...ids.page(undefined, 5), ...ids.page("a", 5)]).toEqual([]);
});
