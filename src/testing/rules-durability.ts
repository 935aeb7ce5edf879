import assert from "node:assert/strict";

import {
  allSubjects,
  commit,
  created,
  deleted,
  failsWith,
  idsOf,
  MODEL,
  plain,
  subjectOf,
  vector,
} from "./records.js";
import { pageAfter } from "./rules-changes.js";
import type { Rule, Trial } from "./trial.js";

/** What a durable store finds when it is opened again. */
export function durabilityRules(rule: Rule): void {
  const ends: readonly (readonly [string, "durable" | "crash", Ending])[] = [
    ["close", "durable", (_, close) => close()],
    ["a crash", "crash", (trial) => trial.crash()],
  ];
  for (const [end, needs, happen] of ends) {
    rule(
      `after ${end}, everything acknowledged is there`,
      (trial) => survives(trial, happen),
      needs,
    );

    rule(
      `after ${end}, the sequence goes on, and revisions are not used again`,
      async (trial) => {
        const store = await trial.ready();
        await commit(store, created("ada", vector(1)));
        const { revision } = await subjectOf(store, "ada");
        const last = await commit(store, [deleted("ada")]);
        await happen(trial, () => store.close());
        const again = await trial.ready();
        assert.ok((await commit(again, created("ada", vector(1)))) > last, "a greater sequence");
        assert.notEqual((await subjectOf(again, "ada")).revision, revision);
      },
      needs,
    );
  }

  rule(
    "a transaction that a crash meets is whole or absent, and all before it are there",
    async (trial) => {
      const store = await trial.ready();
      const acknowledged = new Set<string>();
      const ids = Array.from({ length: 60 }, (_, i) => `s${String(i)}`);
      const work = ids.map(async (id, i) => {
        await commit(store, [...created(id, vector(i), "g"), ...created(`${id}+`, vector(i), "g")]);
        acknowledged.add(id);
      });
      await Promise.race(work);
      const before = [...acknowledged];
      await trial.crash();
      await Promise.allSettled(work);
      const again = await trial.ready();
      const found = new Set(await allSubjects(again));
      for (const id of before) assert.ok(found.has(id), "acknowledged before the crash");
      for (const id of ids) assert.equal(found.has(id), found.has(`${id}+`), "half a transaction");
      const { length } = (await idsOf(again, vector(0), { k: 1000, gallery: "g" })) ?? [];
      assert.equal(length, found.size);
    },
    "crash",
  );

  rule(
    "changes are told over a restart",
    async (trial) => {
      const store = await trial.ready();
      const first = await commit(store, created("ada", vector(1)));
      await commit(store, created("bob", vector(2)));
      await store.close();
      const again = await trial.ready();
      const last = await commit(again, [deleted("ada")]);
      const page = await pageAfter(again, first, 10);
      assert.deepEqual(
        page.changes.map((change) => ["subjectId" in change && change.subjectId, change.kind]),
        [
          ["bob", "subject-changed"],
          ["ada", "subject-deleted"],
        ],
      );
      assert.equal(page.sequence, last);
    },
    "durable",
    "changes",
  );

  rule(
    "a store of another model keeps its pin and its records, and does not search",
    async (trial) => {
      const store = await trial.ready();
      await commit(store, created("ada", vector(1), "g"));
      await store.close();
      for (const other of [
        { ...MODEL, modelId: "another" },
        { ...MODEL, pipeline: "another/f32" },
        { ...MODEL, dimension: MODEL.dimension + 1 },
      ]) {
        const again = await trial.open();
        assert.deepEqual({ ...(await again.prepare(other)) }, MODEL);
        assert.equal((await again.getSubject("ada"))?.faces[0]?.vector.length, MODEL.dimension);
        assert.deepEqual(await allSubjects(again), ["ada"]);
        await failsWith("COUNTENANCE_MODEL_MISMATCH", () => again.search(vector(1), { k: 1 }));
        await failsWith("COUNTENANCE_MODEL_MISMATCH", () =>
          again.transaction(created("bob", vector(2))),
        );
        await again.close();
      }
      assert.deepEqual(await idsOf(await trial.ready(), vector(1)), ["ada"]);
    },
    "durable",
  );

  rule(
    "f32 and bf16 of one pipeline are the same model",
    async (trial) => {
      const store = await trial.ready();
      await commit(store, created("ada", vector(1)));
      await store.close();
      const again = await trial.open();
      assert.deepEqual({ ...(await again.prepare({ ...MODEL, pipeline: "p/bf16" })) }, MODEL);
      assert.deepEqual(await idsOf(again, vector(1)), ["ada"]);
    },
    "durable",
  );

  rule(
    "a new store that was only prepared has kept its pin",
    async (trial) => {
      await (await trial.ready()).close();
      const again = await trial.open();
      assert.deepEqual({ ...(await again.prepare({ ...MODEL, modelId: "another" })) }, MODEL);
    },
    "durable",
  );
}

type Ending = (trial: Trial, close: () => Promise<void>) => Promise<void>;

async function survives(trial: Trial, happen: Ending): Promise<void> {
  const store = await trial.ready();
  for (let i = 0; i < 50; i++) {
    const id = `s${String(i)}\u0000\u{1f600}`;
    await commit(store, created(id, vector(i, 0.1), "all", ...(i % 2 === 0 ? ["even"] : [])));
    if (i % 5 === 0) {
      await commit(store, [
        { kind: "set-metadata", subjectId: id, metadata: { i, city: "Paris" } },
      ]);
    }
    if (i % 7 === 3) await commit(store, [deleted(id)]);
  }
  await commit(store, [{ kind: "create-gallery", galleryId: "empty" }]);
  const ids = await allSubjects(store);
  const subjects = await Promise.all(ids.map(async (id) => plain(await store.getSubject(id))));
  const galleries = await store.listGalleries({ limit: 10 });
  const found = await idsOf(store, vector(0), { k: 1000 });
  const even = await idsOf(store, vector(0), { k: 1000, gallery: "even" });
  await happen(trial, () => store.close());
  const again = await trial.ready();
  assert.deepEqual(await allSubjects(again), ids);
  for (const [i, id] of ids.entries()) {
    assert.deepEqual(plain(await again.getSubject(id)), subjects[i]);
  }
  assert.deepEqual(await again.listGalleries({ limit: 10 }), galleries);
  assert.deepEqual(await allSubjects(again, 10, "empty"), []);
  assert.deepEqual(await idsOf(again, vector(0), { k: 1000 }), found);
  assert.deepEqual(await idsOf(again, vector(0), { k: 1000, gallery: "even" }), even);
  if (again.supports.filter) {
    const paris = await idsOf(again, vector(0), { k: 1000, filter: { city: "Paris" } });
    assert.deepEqual(
      paris,
      found?.filter((id) => Number(/\d+/.exec(id)) % 5 === 0),
    );
  }
}
