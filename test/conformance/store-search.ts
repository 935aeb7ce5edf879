import { expect, test } from "vitest";

import type { Store, StoreOperation } from "../../src/stores/store.js";
import { commit, created, DIMENSION, idsOf, randomFrom, vector } from "./store-fixture.js";

/** What a search finds. `ready` gives a new, empty store. */
export function searchRules(ready: () => Promise<Store>): void {
  test("a vector is read from its own place in a larger buffer", async () => {
    const store = await ready();
    const large = new Float32Array(3 * DIMENSION).fill(50);
    large.set(vector(1, 2), DIMENSION);
    await commit(store, created("ada", large.subarray(DIMENSION, 2 * DIMENSION)));
    const probe = large.subarray(DIMENSION, 2 * DIMENSION);
    expect((await store.search(probe, { k: 1 }))?.hits[0]?.vector).toEqual(vector(1, 2));
  });

  test("replaced and deleted faces are never found again", async () => {
    const store = await ready();
    await commit(store, created("ada", vector(1), "g"));
    await commit(store, [
      { kind: "delete-subject", subjectId: "ada" },
      ...created("ada", vector(9), "g"),
    ]);
    expect((await store.search(vector(1), { k: 5, gallery: "g" }))?.hits).toMatchObject([
      { subjectId: "ada", vector: vector(9) },
    ]);
    await commit(store, [{ kind: "delete-subject", subjectId: "ada" }]);
    expect(await store.search(vector(1), { k: 5 })).toEqual({ hits: [], compared: 0 });
    expect(await store.listSubjects({ limit: 5, gallery: "g" })).toEqual([]);
    await commit(store, created("ada", vector(2)));
    expect(await store.isMember("g", "ada")).toBe(false);
    expect(await idsOf(store, vector(1))).toEqual(["ada"]);
  });

  test("gallery and candidates restrict before the nearest are chosen", async () => {
    const store = await ready();
    for (let i = 1; i <= 60; i++) {
      const galleries = i % 10 === 0 ? ["tens", "all"] : ["all"];
      await commit(store, created(`s${String(i)}`, vector(i), ...galleries));
    }
    const tens = await store.search(vector(0), { k: 5, gallery: "tens" });
    expect(tens?.hits.map((hit) => hit.subjectId)).toEqual(["s10", "s20", "s30", "s40", "s50"]);
    expect(tens?.compared).toBe(6);
    const named = await store.search(vector(0), {
      k: 2,
      candidates: ["s59", "s60", "s58", "nobody", "s58"],
    });
    expect(named?.hits.map((hit) => hit.subjectId)).toEqual(["s58", "s59"]);
    expect(named?.compared).toBe(3);
    const both = { gallery: "tens", candidates: ["s19", "s20", "s30"] };
    expect(await idsOf(store, vector(0), 5, both)).toEqual(["s20", "s30"]);
    expect(await idsOf(store, vector(0), 5, { candidates: ["nobody"] })).toEqual([]);
  });

  test("5,000 subjects are searched as a plain comparison would", async () => {
    const store = await ready();
    const random = randomFrom(1);
    const all = new Map<string, Float32Array>();
    for (let batch = 0; batch < 50; batch++) {
      const operations: StoreOperation[] = [];
      for (let i = 0; i < 100; i++) {
        const id = `s${String(batch * 100 + i)}`;
        const at = Float32Array.from({ length: DIMENSION }, random);
        all.set(id, at);
        operations.push(...created(id, at));
      }
      await commit(store, operations);
    }
    for (let round = 0; round < 20; round++) {
      const probe = Float32Array.from({ length: DIMENSION }, random);
      const expected = [...all.values()].map((at) => distance(probe, at)).sort((a, b) => a - b);
      const result = await store.search(probe, { k: 50 });
      expect(result?.compared).toBe(5000);
      expect(result?.hits.length).toBe(50);
      for (const [i, hit] of (result?.hits ?? []).entries()) {
        expect(all.get(hit.subjectId)).toEqual(hit.vector);
        expect(distance(probe, hit.vector)).toBeCloseTo(expected[i] ?? NaN, 5);
      }
    }
  }, 30_000);
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));
}
