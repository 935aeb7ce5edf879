import assert from "node:assert/strict";

import type { StoreOperation } from "../stores/store.js";
import {
  allSubjects,
  commit,
  created,
  deleted,
  DIMENSION,
  idsOf,
  randomFrom,
  vector,
} from "./records.js";
import { assertNearest } from "./rules-search.js";
import type { Rule } from "./trial.js";

const ROWS = 100_000;
const BATCH = 1000;

/** A store with nobody, with one, and with many. */
export function rowRules(rule: Rule): void {
  rule("one subject is found, whatever is asked", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g"));
    for (const k of [1, 2, 1000]) {
      for (const options of [{}, { gallery: "g" }, { candidates: ["ada"] }]) {
        const found = await store.search(vector(-50), { k, ...options });
        assert.deepEqual([found?.hits[0]?.subjectId, found?.hits.length], ["ada", 1]);
        assert.equal(found?.compared, 1);
      }
    }
  });

  rule(
    "100,000 subjects are written, searched, listed and followed",
    async (trial) => {
      const store = await trial.ready();
      const { exact, filter, changes } = store.supports;
      const random = randomFrom(100);
      const all = new Map<string, Float32Array>();
      const few = new Map<string, Float32Array>();
      for (let start = 0; start < ROWS; start += BATCH) {
        const operations: StoreOperation[] = [];
        for (let i = start; i < start + BATCH; i++) {
          const id = `s${String(i)}`;
          const at = Float32Array.from({ length: DIMENSION }, random);
          all.set(id, at);
          if (i % 100 === 0) few.set(id, at);
          operations.push(...created(id, at, ...(i % 100 === 0 ? ["few"] : [])));
          if (i % 100 === 0) {
            operations.push({ kind: "set-metadata", subjectId: id, metadata: { few: true } });
          }
        }
        await commit(store, operations);
      }
      const probe = Float32Array.from({ length: DIMENSION }, random);
      if (exact) assertNearest(await store.search(probe, { k: 100 }), probe, all, 100);
      assertNearest(await store.search(probe, { k: 100, gallery: "few" }), probe, few, 100);
      if (filter) {
        const found = await store.search(probe, { k: 100, filter: { few: true } });
        assertNearest(found, probe, few, 100);
      }
      assert.equal((await allSubjects(store)).length, ROWS);
      if (changes) {
        const told = new Set<string>();
        for (let at = 0; ;) {
          const page = await store.changesSince(at, { limit: 10_000 });
          // All, or an honest "no longer known"; never a part.
          if (page === undefined) break;
          for (const change of page.changes) if ("subjectId" in change) told.add(change.subjectId);
          if (page.changes.length === 0) {
            assert.equal(told.size, ROWS);
            break;
          }
          assert.ok(page.sequence > at, "the page goes on");
          at = page.sequence;
        }
      }
      const gone = [...few.keys()];
      await commit(store, gone.map(deleted));
      for (const id of gone) all.delete(id);
      assert.deepEqual(await idsOf(store, probe, { gallery: "few" }), []);
      if (exact) assertNearest(await store.search(probe, { k: 100 }), probe, all, 100);
    },
    "rows",
  );
}
