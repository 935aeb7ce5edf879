import assert from "node:assert/strict";

import type { FilterValue, Metadata, StoreOperation } from "../stores/store.js";
import { commit, created, described, face, subjectOf, vector } from "./records.js";
import type { Rule } from "./trial.js";

/** Copy in, copy out: nobody's objects are shared. */
export function ownershipRules(rule: Rule): void {
  rule("what the caller does to its objects afterwards changes nothing", async (trial) => {
    const store = await trial.ready();
    const given = vector(1, 2, 3);
    const metadata = { list: [1] };
    await commit(store, [
      { kind: "create-subject", subject: { id: "ada", metadata, createdAtMs: 1 } },
      { kind: "add-face", face: face("ada", given) },
    ]);
    given.fill(9);
    metadata.list.push(2);
    const again = await subjectOf(store, "ada");
    assert.deepEqual(again.metadata, { list: [1] });
    assert.deepEqual([...(again.faces[0]?.vector ?? [])], [...vector(1, 2, 3)]);
  });

  rule("what the caller does to results changes nothing", async (trial) => {
    const store = await trial.ready();
    await commit(store, [
      ...created("ada", vector(1, 2, 3), "g"),
      { kind: "set-metadata", subjectId: "ada", metadata: { list: [1] } },
    ]);
    const subject = await subjectOf(store, "ada");
    subject.faces[0]?.vector.fill(7);
    // What JavaScript callers can do.
    (subject.galleries as string[]).push("h");
    (subject.metadata as { list: number[] }).list.push(2);
    const hit = (await store.search(vector(1), { k: 1 }))?.hits[0];
    hit?.vector.fill(8);
    ((await store.listGalleries({ limit: 5 })) as string[]).push("x");
    const again = await subjectOf(store, "ada");
    assert.deepEqual(again.metadata, { list: [1] });
    assert.deepEqual(again.galleries, ["g"]);
    assert.deepEqual([...(again.faces[0]?.vector ?? [])], [...vector(1, 2, 3)]);
    const found = await store.search(vector(1, 2, 3), { k: 1 });
    assert.deepEqual([...(found?.hits[0]?.vector ?? [])], [...vector(1, 2, 3)]);
    assert.deepEqual(await store.listGalleries({ limit: 5 }), ["g"]);
  });

  rule("what the caller does to a transaction under way changes nothing", async (trial) => {
    const store = await trial.ready();
    const metadata: Record<string, unknown> = { list: [1] };
    const at = vector(1);
    const box = { x: 1, y: 2, width: 3, height: 4 };
    const operations: StoreOperation[] = [
      {
        kind: "create-subject",
        subject: { id: "ada", metadata: metadata as Metadata, createdAtMs: 1 },
      },
      { kind: "add-face", face: { ...face("ada", at), box } },
    ];
    const done = commit(store, operations);
    metadata["list"] = metadata;
    metadata["toJSON"] = () => assert.fail("a function of the caller was called");
    at.fill(NaN);
    box.x = NaN;
    operations.length = 0;
    await done;
    const { metadata: kept, faces } = await subjectOf(store, "ada");
    assert.deepEqual(kept, { list: [1] });
    assert.deepEqual([...(faces[0]?.vector ?? [])], [...vector(1)]);
    assert.deepEqual({ ...faces[0]?.box }, { x: 1, y: 2, width: 3, height: 4 });
    assert.equal((await store.search(vector(1), { k: 9 }))?.compared, 1);
  });

  rule("what the caller does to a search under way changes nothing", async (trial) => {
    const store = await trial.ready();
    for (let i = 0; i < 10; i++) {
      await commit(store, created(`s${String(i)}`, vector(i), i < 5 ? "low" : "high"));
    }
    const probe = vector(1);
    const candidates = ["s1", "s2", "s3"];
    const options = { k: 2, gallery: "low", candidates };
    const plain = store.search(probe, options);
    probe.fill(9);
    candidates.splice(0, 3, "s9");
    options.k = 1;
    options.gallery = "high";
    assert.deepEqual(
      (await plain)?.hits.map((hit) => hit.subjectId),
      ["s1", "s2"],
    );
  });

  rule(
    "what the caller does to a filter under way changes nothing",
    async (trial) => {
      const store = await trial.ready();
      await commit(store, described("ada", vector(1), { city: "Paris" }));
      await commit(store, described("bob", vector(2), { city: "Rome" }));
      const cities: FilterValue[] = ["Paris"];
      const filter: Record<string, readonly FilterValue[]> = { city: cities };
      const searching = store.search(vector(0), { k: 5, filter });
      cities[0] = "Rome";
      filter["floor"] = [1];
      assert.deepEqual(
        (await searching)?.hits.map((hit) => hit.subjectId),
        ["ada"],
      );
    },
    "filter",
  );

  rule("what the caller does to its model afterwards changes nothing", async (trial) => {
    const store = await trial.open();
    const model = { modelId: "m", pipeline: "p/f32", dimension: 8 };
    const preparing = store.prepare(model);
    model.dimension = 3;
    assert.equal((await preparing).dimension, 8);
    await commit(store, created("ada", vector(1)));
  });
}
