import assert from "node:assert/strict";

import type { FilterValue, Metadata, MetadataFilter } from "../stores/store.js";
import { commit, created, deleted, described, failsWith, idsOf, vector } from "./records.js";
import type { Rule } from "./trial.js";

const MATCHES: readonly (readonly [string, MetadataFilter, Metadata, boolean])[] = [
  ["a text equals itself", { a: "x" }, { a: "x", b: 1 }, true],
  ["case counts", { a: "x" }, { a: "X" }, false],
  ["space at the end counts", { a: "x" }, { a: "x " }, false],
  ["composed is not decomposed", { a: "\u00c5" }, { a: "A\u030a" }, false],
  ["what follows an embedded NUL counts", { a: "x\u0000y" }, { a: "x\u0000z" }, false],
  ["an embedded NUL equals itself", { a: "x\u0000y" }, { a: "x\u0000y" }, true],
  ["beyond the basic plane", { a: "\u{1f600}" }, { a: "\u{1f600}" }, true],
  ["a number is no text", { a: 1 }, { a: "1" }, false],
  ["a text is no number", { a: "1" }, { a: 1 }, false],
  ["true is not 1", { a: true }, { a: 1 }, false],
  ["1 is not true", { a: 1 }, { a: true }, false],
  ["false is not 0", { a: false }, { a: 0 }, false],
  ["false is not null", { a: false }, { a: null }, false],
  ["the text null is not null", { a: null }, { a: "null" }, false],
  ["null equals null", { a: null }, { a: null }, true],
  ["null is not what is missing", { a: null }, { b: 1 }, false],
  ["zero has no sign", { a: -0 }, { a: 0 }, true],
  ["a fraction equals itself", { a: 0.1 }, { a: 0.1 }, true],
  ["a fraction in its last digit", { a: 0.1 }, { a: 0.10000000000000002 }, false],
  ["the largest safe number", { a: 2 ** 53 - 1 }, { a: 2 ** 53 - 1 }, true],
  ["its neighbour", { a: 2 ** 53 - 1 }, { a: 2 ** 53 - 2 }, false],
  ["a large number however it is written", { a: 1e21 }, { a: 1e21 }, true],
  ["one of a list", { a: [1, "x", null] }, { a: "x" }, true],
  ["none of a list", { a: [1, "x", null] }, { a: true }, false],
  ["an empty list is nobody", { a: [] }, { a: "x" }, false],
  ["every field", { a: 1, b: 2 }, { a: 1, b: 2, c: 3 }, true],
  ["one field of two", { a: 1, b: 2 }, { a: 1, b: 3 }, false],
  ["a field that holds a list equals nothing", { a: 1 }, { a: [1] }, false],
  ["a field that holds an object equals nothing", { a: 1 }, { a: { a: 1 } }, false],
  ["only the top level", { b: 1 }, { a: { b: 1 } }, false],
  ["a dot is no path", { "a.b": 1 }, { a: { b: 1 } }, false],
  ["a dot in a name", { "a.b": 1 }, { "a.b": 1 }, true],
  ["a quote in a name", { 'a"b': 1 }, { 'a"b': 1 }, true],
  ["a backslash in a name", { "a\\b": 1 }, { "a\\b": 1 }, true],
  ["a name without letters", { "": 1 }, { "": 1 }, true],
  ["a name of a path language", { "$[0]": 1 }, { "$[0]": 1 }, true],
  ["a name that objects have", { constructor: "x" }, { a: 1 }, false],
  ["a name in another case", { a: 1 }, { A: 1 }, false],
  ["a list is no object", { "0": "x" }, ["x"], false],
  ["a text is no object", { length: 1 }, "x", false],
];

// What JavaScript callers can pass.
const BAD: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["a list", ["a"]],
  ["an operator", { a: { $gt: 1 } }],
  ["undefined as value", { a: undefined }],
  ["NaN", { a: [NaN] }],
  ["half a surrogate pair", { a: "\ud800" }],
  ["17 fields", Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${String(i)}`, i]))],
  ["1,001 values", { a: Array.from({ length: 1001 }, (_, i) => i) }],
];

/** `filter` compares top-level fields of the metadata, strictly. */
export function filterRules(rule: Rule): void {
  rule("a filter is answered, or refused as unsupported", async (trial) => {
    const store = await trial.ready();
    await commit(store, described("ada", vector(1), { city: "Paris" }));
    const search = () => store.search(vector(0), { k: 1, filter: { city: "Rome" } });
    if (store.supports.filter) assert.deepEqual((await search())?.hits, []);
    else await failsWith("COUNTENANCE_UNSUPPORTED", search);
  });

  for (const [what, filter, metadata, matches] of MATCHES) {
    rule(
      `filter: ${what}`,
      async (trial) => {
        const store = await trial.ready();
        await commit(store, described("ada", vector(2), metadata));
        await commit(store, created("none", vector(1)));
        const expected = matches ? ["ada"] : [];
        assert.deepEqual(await idsOf(store, vector(0), { filter }), expected);
        const candidates = ["ada", "none"];
        assert.deepEqual(await idsOf(store, vector(0), { filter, candidates }), expected);
      },
      "filter",
    );
  }

  rule(
    "k subjects come back after filtering, however many others are nearer",
    async (trial) => {
      const store = await trial.ready();
      for (let i = 1; i <= 100; i++) {
        const metadata = { tens: i % 10 === 0, i };
        await commit(store, described(`s${String(i)}`, vector(i), metadata));
      }
      const found = await store.search(vector(0), { k: 5, filter: { tens: true } });
      assert.deepEqual(
        found?.hits.map((hit) => hit.subjectId),
        ["s10", "s20", "s30", "s40", "s50"],
      );
      assert.equal(found.compared, 10);
      const values: FilterValue[] = Array.from({ length: 1000 }, (_, i) => i + 100);
      assert.deepEqual(await idsOf(store, vector(0), { filter: { i: values } }), ["s100"]);
    },
    "filter",
  );

  rule(
    "a filter without fields restricts nothing",
    async (trial) => {
      const store = await trial.ready();
      await commit(store, created("ada", vector(1)));
      await commit(store, described("bob", vector(2), { a: 1 }));
      assert.deepEqual(await idsOf(store, vector(0), { filter: {} }), ["ada", "bob"]);
    },
    "filter",
  );

  rule(
    "a filter follows metadata that change, and subjects that go",
    async (trial) => {
      const store = await trial.ready();
      const ids = (city: string) => idsOf(store, vector(0), { filter: { city } });
      await commit(store, described("ada", vector(1), { city: "Paris" }));
      await commit(store, described("bob", vector(2), { city: "Paris" }));
      const set = (metadata: Metadata | undefined) =>
        commit(store, [{ kind: "set-metadata", subjectId: "ada", metadata }]);
      await set({ city: "Rome" });
      assert.deepEqual([await ids("Paris"), await ids("Rome")], [["bob"], ["ada"]]);
      await set(undefined);
      assert.deepEqual(await ids("Rome"), []);
      await set({ city: "Paris", more: 1 });
      assert.deepEqual(await ids("Paris"), ["ada", "bob"]);
      await commit(store, [
        deleted("bob"),
        ...described("bob", vector(2), { city: "Oslo" }),
        { kind: "set-metadata", subjectId: "ada", metadata: { city: "Rome" } },
        { kind: "set-metadata", subjectId: "ada", metadata: { city: "Oslo" } },
      ]);
      assert.deepEqual([await ids("Paris"), await ids("Rome")], [[], []]);
      assert.deepEqual(await ids("Oslo"), ["ada", "bob"]);
      await commit(store, [deleted("ada")]);
      assert.deepEqual(await ids("Oslo"), ["bob"]);
    },
    "filter",
  );

  for (const [what, filter] of BAD) {
    rule(
      `a filter that is, or has, ${what} is an invalid argument`,
      async (trial) => {
        const store = await trial.ready();
        await failsWith("COUNTENANCE_INVALID_ARGUMENT", () =>
          store.search(vector(0), { k: 1, filter: filter as MetadataFilter }),
        );
      },
      "filter",
    );
  }
}
