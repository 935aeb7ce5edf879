import { expect, test } from "vitest";

import { filterOfTerms, filterTermsOf } from "../../src/stores/metadata-filter.js";
import { MetadataIndex } from "../../src/stores/metadata-index.js";
import type { MetadataFilter } from "../../src/stores/store.js";
import { failsWith, randomFrom } from "../../src/testing/records.js";

const repeated = (count: number) => Array.from({ length: count }, (_, i) => i);

// What JavaScript callers can pass.
const bad: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["a list", []],
  ["a text", "city"],
  ["a class's object", new Map([["city", "Paris"]])],
  ["a value that is undefined", { city: undefined }],
  ["an operator", { age: { $gt: 5 } }],
  ["a list within a list", { city: [["Paris"]] }],
  ["NaN", { age: NaN }],
  ["infinity within a list", { age: [1, Infinity] }],
  ["half a surrogate pair", { city: "\ud800" }],
  ["a field that is half a surrogate pair", { "\udc00": 1 }],
  ["a list with holes", { age: new Array(3) }],
  ["17 fields", Object.fromEntries(repeated(17).map((i) => [String(i), i]))],
  ["1,001 values", { a: repeated(1000), b: 1 }],
];
test.each(bad)("a filter that is %s is an invalid argument", async (_what, filter) => {
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () =>
    Promise.resolve().then(() => filterTermsOf(filter as MetadataFilter)),
  );
});

test("an error about a filter holds nothing of it", () => {
  const filter = { name: ["Grace", NaN] };
  expect(() => filterTermsOf(filter)).toThrow(/^filter: /);
  expect(() => filterTermsOf(filter)).not.toThrow(/Grace|name:/);
});

test("a filter that is checked is a copy, and what it restricts stays the same", () => {
  const cities = ["Paris", "Rome", "Paris"];
  const filter: MetadataFilter = { city: cities, ["__proto__"]: null, age: -0 };
  const terms = filterTermsOf(filter);
  cities.push("Oslo");
  expect(terms).toEqual(
    new Map<string, Set<unknown>>([
      ["city", new Set(["Paris", "Rome"])],
      ["__proto__", new Set([null])],
      ["age", new Set([0])],
    ]),
  );
  expect(terms && filterTermsOf(filterOfTerms(terms))).toEqual(terms);
});

test("a filter without fields restricts nothing, one with an empty list everything", () => {
  expect(filterTermsOf(undefined)).toBeUndefined();
  expect(filterTermsOf({})).toBeUndefined();
  const nobody = filterTermsOf({ city: [] });
  const index = new MetadataIndex();
  index.add(1, '{"city":"Paris"}');
  expect(nobody && index.select(nobody)).toEqual([]);
});

test("an index of metadata selects whom a look at each would", () => {
  const random = randomFrom(7);
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)];
  const scalars = ["a", "b", 1, "1", true, "true", null, 0];
  const metadata = () => {
    if (random() < 0.1) return pick([undefined, null, 5, "a", ["a"], [{ x: "a" }]]);
    return Object.fromEntries(
      ["x", "y", "__proto__"].flatMap((field) =>
        random() < 0.8 ? [[field, pick([...scalars, ["a"], { x: 1 }])]] : [],
      ),
    );
  };
  const index = new MetadataIndex();
  const all = new Map<number, unknown>();
  const remove = (key: number) => {
    const before = all.get(key);
    index.delete(key, before === undefined ? undefined : JSON.stringify(before));
  };
  for (let i = 0; i < 2000; i++) {
    const key = Math.floor(random() * 300);
    if (all.has(key)) remove(key);
    const value: unknown = metadata();
    all.set(key, value);
    index.add(key, value === undefined ? undefined : JSON.stringify(value));
  }
  for (let i = 0; i < 200; i++) {
    const filter = Object.fromEntries(
      ["x", "y", "__proto__", "absent"].flatMap((field, at) =>
        random() < (at === 3 ? 0.02 : 0.5)
          ? [
              [
                field,
                random() < 0.5 ? (pick(scalars) ?? null) : scalars.filter(() => random() < 0.5),
              ],
            ]
          : [],
      ),
    ) as MetadataFilter;
    const terms = filterTermsOf(filter);
    if (terms === undefined) continue;
    const expected = [...all.keys()].filter((key) => matches(all.get(key), filter));
    expect(index.select(terms).sort()).toEqual(expected.sort());
    const some = [...all.keys()].filter(() => random() < 0.3);
    expect(index.filter(some, terms)).toEqual(some.filter((key) => expected.includes(key)));
  }
  for (const key of all.keys()) remove(key);
  const everything = filterTermsOf({ x: [...scalars] });
  expect(everything && index.select(everything)).toEqual([]);
});

function matches(metadata: unknown, filter: MetadataFilter): boolean {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return false;
  const fields = new Map<string, unknown>(Object.entries(metadata));
  return Object.entries(filter).every(([field, wanted]) =>
    [wanted].flat().some((value) => fields.has(field) && fields.get(field) === value),
  );
}
