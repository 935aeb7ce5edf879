import assert from "node:assert/strict";

import type { Metadata, Store, StoreOperation } from "../stores/store.js";
import { commit, created, deleted, idsOf, randomFrom, vector } from "./records.js";
import { assertNearest } from "./rules-search.js";
import type { Rule } from "./trial.js";

/** Gallery, candidates and filter restrict before the nearest are chosen. */
export function restrictionRules(rule: Rule): void {
  rule("k subjects of a gallery are found, however many others are nearer", async (trial) => {
    const store = await trial.ready();
    for (let i = 1; i <= 60; i++) {
      const galleries = i % 10 === 0 ? ["tens", "all"] : ["all"];
      await commit(store, created(`s${String(i)}`, vector(i), ...galleries));
    }
    const tens = await store.search(vector(0), { k: 5, gallery: "tens" });
    assert.deepEqual(
      tens?.hits.map((hit) => hit.subjectId),
      ["s10", "s20", "s30", "s40", "s50"],
    );
    assert.equal(tens.compared, 6);
    assert.equal((await store.search(vector(0), { k: 5, gallery: "all" }))?.compared, 60);
  });

  rule("only candidates are found; strangers among them are passed over", async (trial) => {
    const store = await trial.ready();
    for (let i = 1; i <= 60; i++) await commit(store, created(`s${String(i)}`, vector(i)));
    const candidates = ["s59", "s60", "s58", "nobody", "s58"];
    const named = await store.search(vector(0), { k: 2, candidates });
    assert.deepEqual(
      named?.hits.map((hit) => hit.subjectId),
      ["s58", "s59"],
    );
    assert.equal(named.compared, 3);
    assert.deepEqual(await idsOf(store, vector(0), { candidates: ["nobody"] }), []);
    assert.deepEqual(await idsOf(store, vector(0), { candidates: [] }), []);
    const many = Array.from({ length: 10_000 }, (_, i) => `s${String(i)}`);
    assert.equal((await store.search(vector(0), { k: 1, candidates: many }))?.compared, 60);
  });

  rule("gallery and candidates hold together", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g"));
    await commit(store, created("bob", vector(2), "g", "h"));
    await commit(store, created("cem", vector(3), "h"));
    const both = { gallery: "g", candidates: ["bob", "cem"] };
    assert.deepEqual(await idsOf(store, vector(0), both), ["bob"]);
    assert.equal((await store.search(vector(0), { k: 9, ...both }))?.compared, 1);
    assert.equal(await idsOf(store, vector(0), { gallery: "x", candidates: ["ada"] }), undefined);
  });

  rule("searches follow the members of a gallery as they come and go", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g"));
    await commit(store, created("bob", vector(2)));
    const members = () => idsOf(store, vector(0), { gallery: "g" });
    await commit(store, [{ kind: "add-member", galleryId: "g", subjectId: "bob" }]);
    assert.deepEqual(await members(), ["ada", "bob"]);
    await commit(store, [{ kind: "remove-member", galleryId: "g", subjectId: "ada" }]);
    assert.deepEqual(await members(), ["bob"]);
    await commit(store, [deleted("bob"), ...created("bob", vector(4))]);
    assert.deepEqual(await members(), []);
    await commit(store, [
      { kind: "add-member", galleryId: "g", subjectId: "ada" },
      { kind: "delete-gallery", galleryId: "g" },
      { kind: "create-gallery", galleryId: "g" },
    ]);
    assert.deepEqual(await members(), []);
  });

  rule("every combination of restrictions finds what a look at each would", async (trial) => {
    const store = await trial.ready();
    const people = await populate(store);
    const { filter: filters } = store.supports;
    for (const gallery of [undefined, "even", "few"]) {
      for (const candidates of [undefined, ["s3", "s4", "s5", "s6", "s300", "s40", "nobody"]]) {
        for (const filter of filters
          ? [undefined, { city: "Paris", floor: [1, 2] }]
          : [undefined]) {
          const left = people.filter(
            (person) =>
              (gallery === undefined || person.galleries.includes(gallery)) &&
              (candidates === undefined || candidates.includes(person.id)) &&
              (filter === undefined || (person.city === "Paris" && [1, 2].includes(person.floor))),
          );
          const all = new Map(left.map(({ id, at }) => [id, at]));
          for (const k of [1, 5, 1000]) {
            const found = await store.search(vector(0.5, 0.5), {
              k,
              ...(gallery !== undefined && { gallery }),
              ...(candidates !== undefined && { candidates }),
              ...(filter !== undefined && { filter }),
            });
            assertNearest(found, vector(0.5, 0.5), all, k);
          }
        }
      }
    }
  });
}

interface Person {
  readonly id: string;
  readonly at: Float32Array;
  readonly galleries: readonly string[];
  readonly city: string;
  readonly floor: number;
}

async function populate(store: Store): Promise<readonly Person[]> {
  const random = randomFrom(11);
  const people = Array.from({ length: 400 }, (_, i): Person => {
    const galleries = [...(i % 2 === 0 ? ["even"] : []), ...(i % 60 === 0 ? ["few"] : [])];
    const city = i % 3 === 0 ? "Paris" : "Rome";
    const at = vector(random(), random(), random());
    return { id: `s${String(i)}`, at, galleries, city, floor: i % 5 };
  });
  const operations = people.flatMap(({ id, at, galleries, city, floor }): StoreOperation[] => {
    const metadata: Metadata = { city, floor };
    return [...created(id, at, ...galleries), { kind: "set-metadata", subjectId: id, metadata }];
  });
  await commit(store, operations);
  return people;
}
