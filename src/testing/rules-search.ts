import assert from "node:assert/strict";

import type { Store, StoreOperation, VectorSearchResult } from "../stores/store.js";
import {
  commit,
  created,
  deleted,
  DIMENSION,
  distance,
  face,
  failsWith,
  idsOf,
  MODEL,
  randomFrom,
  vector,
} from "./records.js";
import type { Rule } from "./trial.js";

/** How far a distance may be from the one in double: the digits that decisions are made with. */
export const TOLERANCE = 1e-5;

/** What a search finds, and in which order. */
export function searchRules(rule: Rule): void {
  rule("hits are the nearest face of each subject, nearest subjects first", async (trial) => {
    const store = await trial.ready();
    await commit(store, [
      ...created("far", vector(9)),
      { kind: "add-face", face: face("far", vector(0, 3), "nearer") },
      { kind: "add-face", face: face("far", vector(7)) },
      ...created("near", vector(1)),
      ...created("middle", vector(0, 0, 2)),
    ]);
    const found = await store.search(vector(0), { k: 10 });
    assert.deepEqual(
      found?.hits.map((hit) => hit.subjectId),
      ["near", "middle", "far"],
    );
    assert.deepEqual([found.hits[2]?.faceId, [...(found.hits[2]?.vector ?? [])][1]], ["nearer", 3]);
    assert.equal(found.compared, 5);
    assert.deepEqual(await idsOf(store, vector(0), { k: 2 }), ["near", "middle"]);
  });

  rule("distances that differ in the sixth digit are told apart", async (trial) => {
    const store = await trial.ready();
    const order = shuffled(100, 3);
    for (const i of order) await commit(store, created(`s${String(i)}`, vector(1 + i * TOLERANCE)));
    const expected = Array.from({ length: 100 }, (_, i) => `s${String(i)}`);
    assert.deepEqual(await idsOf(store, vector(0), { k: 100 }), expected);
    assert.deepEqual(await idsOf(store, vector(0), { k: 7 }), expected.slice(0, 7));
  });

  rule("at equal distances, the face that was added first comes first", async (trial) => {
    const store = await trial.ready();
    const ids = shuffled(40, 5).map((i) => `s${String(i)}`);
    for (const id of ids) await commit(store, created(id, vector(3, 4)));
    await commit(store, created("nearest", vector(3, 3)));
    assert.deepEqual(await idsOf(store, vector(0), { k: 41 }), ["nearest", ...ids]);
    assert.deepEqual(await idsOf(store, vector(0), { k: 5 }), ["nearest", ...ids.slice(0, 4)]);
    await commit(store, [{ kind: "add-face", face: face("s7", vector(3, 4)) }]);
    const found = await store.search(vector(0), { k: 41, candidates: ["s7"] });
    const first = (await store.getSubject("s7"))?.faces[0]?.id;
    assert.equal(found?.hits[0]?.faceId, first);
  });

  rule("a deleted subject is not found again, nor a removed face", async (trial) => {
    const store = await trial.ready();
    await commit(store, [
      ...created("ada", vector(1), "g"),
      { kind: "add-face", face: face("ada", vector(2), "second") },
      ...created("bob", vector(5), "g"),
    ]);
    await commit(store, [{ kind: "remove-face", subjectId: "ada", faceId: "second" }]);
    const after = await store.search(vector(2), { k: 5, gallery: "g" });
    assert.deepEqual([after?.hits[0]?.vector[0], after?.compared], [1, 2]);
    for (let i = 0; i < 30; i++) {
      await commit(store, created("eve", vector(0)));
      assert.deepEqual(await idsOf(store, vector(0), { k: 1 }), ["eve"]);
      await commit(store, [deleted("eve")]);
      const options = i % 2 === 0 ? {} : { candidates: ["eve", "ada", "bob"] };
      assert.deepEqual(await idsOf(store, vector(0), options), ["ada", "bob"]);
    }
    await commit(store, [deleted("ada"), deleted("bob")]);
    const none = await store.search(vector(1), { k: 5 });
    assert.deepEqual([none?.hits, none?.compared], [[], 0]);
  });

  rule("a replaced subject is found by its new faces only", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g"));
    await commit(store, [deleted("ada"), ...created("ada", vector(9), "g")]);
    const found = await store.search(vector(1), { k: 5, gallery: "g" });
    assert.deepEqual(
      found?.hits.map((hit) => [hit.subjectId, hit.vector[0]]),
      [["ada", 9]],
    );
  });

  rule("a vector is read from its own place in a larger buffer", async (trial) => {
    const store = await trial.ready();
    const large = new Float32Array(3 * DIMENSION).fill(50);
    large.set(vector(1, 2), DIMENSION);
    const own = large.subarray(DIMENSION, 2 * DIMENSION);
    await commit(store, [...created("far", vector(40)), ...created("ada", own)]);
    const found = await store.search(own, { k: 1 });
    assert.deepEqual([...(found?.hits[0]?.vector ?? [])], [...vector(1, 2)]);
  });

  rule("k of 1000 finds a thousand distinct subjects", async (trial) => {
    const store = await trial.ready();
    const operations: StoreOperation[] = [];
    for (let i = 0; i < 1100; i++) {
      const id = `s${String(i)}`;
      operations.push(...created(id, vector(1 + i / 1000)));
      operations.push({ kind: "add-face", face: face(id, vector(1 + i / 1000)) });
    }
    await commit(store, operations);
    const found = (await idsOf(store, vector(0), { k: 1000 })) ?? [];
    assert.deepEqual(
      found,
      Array.from({ length: 1000 }, (_, i) => `s${String(i)}`),
    );
  });

  for (const dimension of [1, 3, 128, 512]) {
    rule(
      `vectors of ${String(dimension)} values are searched as a plain comparison in double would`,
      async (trial) => {
        const store = await trial.open();
        const preparing = () => store.prepare({ ...MODEL, dimension });
        if (dimension > store.supports.maxDimension) {
          await failsWith("COUNTENANCE_INVALID_ARGUMENT", preparing);
          return;
        }
        await preparing();
        await compareWithPlain(store, dimension, 600, 100, 10);
      },
      "exact",
    );
  }

  rule(
    "5,000 subjects are searched as a plain comparison in double would",
    async (trial) => {
      await compareWithPlain(await trial.ready(), DIMENSION, 5000, 50, 20);
    },
    "exact",
  );
}

/** Random subjects in batches; then random probes, and some that are there. */
async function compareWithPlain(
  store: Store,
  dimension: number,
  count: number,
  k: number,
  rounds: number,
): Promise<void> {
  const random = randomFrom(dimension);
  // About as far from each other as faces are.
  const scale = 2.4 / Math.sqrt(dimension);
  const draw = () => Float32Array.from({ length: dimension }, () => (random() - 0.5) * scale);
  const all = new Map<string, Float32Array>();
  for (let start = 0; start < count; start += 250) {
    const operations: StoreOperation[] = [];
    for (let i = start; i < Math.min(count, start + 250); i++) {
      const at = draw();
      all.set(`s${String(i)}`, at);
      operations.push(...created(`s${String(i)}`, at));
    }
    await commit(store, operations);
  }
  for (let round = 0; round < rounds; round++) {
    const probe = round % 4 === 3 ? (all.get(`s${String(round)}`) ?? draw()) : draw();
    assertNearest(await store.search(probe, { k }), probe, all, k);
  }
}

/** Asserts that a search found the k nearest of some subjects of one face each, and compared all. */
export function assertNearest(
  found: VectorSearchResult | undefined,
  probe: Float32Array,
  all: ReadonlyMap<string, Float32Array>,
  k: number,
): void {
  const expected = Array.from(all.values(), (at) => distance(probe, at)).sort((a, b) => a - b);
  assert.equal(found?.compared, all.size);
  assert.equal(found.hits.length, Math.min(k, all.size));
  assert.equal(new Set(found.hits.map((hit) => hit.subjectId)).size, found.hits.length);
  for (const [i, hit] of found.hits.entries()) {
    assert.deepEqual([...hit.vector], [...(all.get(hit.subjectId) ?? [])]);
    const difference = Math.abs(distance(probe, hit.vector) - (expected[i] ?? NaN));
    assert.ok(difference <= TOLERANCE, `hit ${String(i)} is ${String(difference)} off`);
  }
}

/** 0..count-1 in an order that is the same every time. */
function shuffled(count: number, seed: number): number[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, i) => ({ i, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ i }) => i);
}
