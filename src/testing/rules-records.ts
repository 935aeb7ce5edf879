import assert from "node:assert/strict";

import type { Store } from "../stores/store.js";
import {
  allSubjects,
  commit,
  created,
  deleted,
  DIMENSION,
  face,
  failsWith,
  idsOf,
  plain,
  plainFace,
  subjectOf,
  vector,
} from "./records.js";
import type { Rule } from "./trial.js";

/** What comes back is what was put in. */
export function recordRules(rule: Rule): void {
  rule("an empty store has nothing, and says so without an error", async (trial) => {
    const store = await trial.ready();
    assert.equal(await store.getSubject("ada"), undefined);
    assert.deepEqual(await store.listSubjects({ limit: 10 }), []);
    assert.equal(await store.listSubjects({ limit: 10, gallery: "g" }), undefined);
    assert.deepEqual(await store.listGalleries({ limit: 10 }), []);
    assert.equal(await store.hasGallery("g"), false);
    assert.equal(await store.isMember("g", "ada"), undefined);
    const nobody = { hits: [], compared: 0 };
    assert.deepEqual({ ...(await store.search(vector(1), { k: 5 })) }, nobody);
    assert.equal(await store.search(vector(1), { k: 5, gallery: "g" }), undefined);
    assert.deepEqual({ ...(await store.search(vector(1), { k: 5, candidates: [] })) }, nobody);
  });

  rule("a subject comes back as it was put in", async (trial) => {
    const store = await trial.ready();
    const metadata = {
      name: '\u00c5 "quoted"',
      list: [1, null, true, -0.1, 1e300, Number.MAX_SAFE_INTEGER],
      nested: { deep: "\u0000\ud83d\ude00" },
    };
    const box = { x: -1.5, y: 2, width: 0.1, height: 1e6 };
    const first = { ...face("ada", vector(1, 0.1, -1e-30, 12345.678)), box, score: 1.25 };
    const second = face("ada", vector(2));
    await commit(store, [
      { kind: "create-subject", subject: { id: "ada", metadata, createdAtMs: 17.5 } },
      { kind: "add-face", face: first },
      { kind: "add-face", face: second },
      { kind: "create-gallery", galleryId: "z" },
      { kind: "create-gallery", galleryId: "a" },
      { kind: "add-member", galleryId: "z", subjectId: "ada" },
      { kind: "add-member", galleryId: "a", subjectId: "ada" },
    ]);
    const subject = await subjectOf(store, "ada");
    assert.deepEqual(plain(subject), {
      ...{ id: "ada", metadata, createdAtMs: 17.5, revision: subject.revision },
      ...{ faces: [plainFace(first), plainFace(second)], galleries: ["a", "z"] },
    });
    assert.equal(typeof subject.revision, "number");
    const [listed] = (await store.listSubjects({ limit: 1 })) ?? [];
    assert.deepEqual([listed?.id, listed?.metadata, listed?.createdAtMs], ["ada", metadata, 17.5]);
  });

  rule("metadata can be anything JSON, null, and none", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1)));
    assert.equal((await subjectOf(store, "ada")).metadata, undefined);
    for (const metadata of [null, false, 0, "", "null", [], {}, { a: [{}] }, undefined, [[]]]) {
      await commit(store, [{ kind: "set-metadata", subjectId: "ada", metadata }]);
      assert.deepEqual((await subjectOf(store, "ada")).metadata, metadata);
    }
  });

  rule("faces come in the order in which they were added", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(9)));
    const first = (await subjectOf(store, "ada")).faces[0]?.id ?? "";
    for (const id of ["z", "a", "m"]) {
      await commit(store, [{ kind: "add-face", face: face("ada", vector(1), id) }]);
    }
    await commit(store, [{ kind: "remove-face", subjectId: "ada", faceId: "a" }]);
    await commit(store, [{ kind: "add-face", face: face("ada", vector(1), "a") }]);
    const { faces } = await subjectOf(store, "ada");
    assert.deepEqual(
      faces.map(({ id }) => id),
      [first, "z", "m", "a"],
    );
  });

  rule("deleting a subject removes its faces and memberships", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g"));
    await commit(store, created("bob", vector(2), "g"));
    await commit(store, [deleted("ada")]);
    assert.equal(await store.getSubject("ada"), undefined);
    assert.deepEqual(await allSubjects(store), ["bob"]);
    assert.deepEqual(await allSubjects(store, 10, "g"), ["bob"]);
    assert.equal(await store.isMember("g", "ada"), undefined);
    await commit(store, created("ada", vector(3)));
    assert.equal(await store.isMember("g", "ada"), false);
    assert.deepEqual((await subjectOf(store, "ada")).galleries, []);
  });

  rule("deleting a gallery keeps its members", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g", "h"));
    await commit(store, [{ kind: "delete-gallery", galleryId: "g" }]);
    assert.equal(await store.search(vector(1), { k: 1, gallery: "g" }), undefined);
    assert.equal(await store.listSubjects({ limit: 1, gallery: "g" }), undefined);
    assert.deepEqual((await subjectOf(store, "ada")).galleries, ["h"]);
    assert.equal(await store.isMember("g", "ada"), undefined);
    assert.equal(await store.isMember("h", "ada"), true);
    assert.deepEqual(await store.listGalleries({ limit: 5 }), ["h"]);
    await commit(store, [{ kind: "create-gallery", galleryId: "g" }]);
    assert.deepEqual(await idsOf(store, vector(1), { gallery: "g" }), []);
    assert.deepEqual(await allSubjects(store, 10, "g"), []);
  });

  rule("pages are stable while subjects come and go", async (trial) => {
    const store = await trial.ready();
    for (let i = 10; i < 40; i++) await commit(store, created(`s${String(i)}`, vector(i), "g"));
    for (const rest of [{}, { gallery: "g" }]) {
      const ids = async (after: string | undefined, limit: number) =>
        (await store.listSubjects({ limit, ...rest, ...(after !== undefined && { after }) }))?.map(
          ({ id }) => id,
        );
      const first = (await ids(undefined, 10)) ?? [];
      assert.deepEqual([first.length, first[0], first[9]], [10, "s10", "s19"]);
      await commit(store, created("a", vector(1), "g"));
      await commit(store, [deleted("s12")]);
      assert.deepEqual(await ids("s19", 2), ["s20", "s21"]);
      assert.deepEqual(await ids("s11", 2), ["s13", "s14"]);
      assert.deepEqual(await ids("s12", 1), ["s13"]); // gone, and still a place to go on from
      await commit(store, [deleted("a")]);
      await commit(store, created("s12", vector(12), "g"));
      assert.deepEqual(await ids("s39", 2), []);
    }
  });

  const bad: readonly (readonly [string, (store: Store) => Promise<unknown>])[] = [
    [
      "a probe that is too short",
      (store) => store.search(new Float32Array(DIMENSION - 1), { k: 1 }),
    ],
    ["a probe with NaN", (store) => store.search(vector(NaN), { k: 1 })],
    ["k of 0", (store) => store.search(vector(1), { k: 0 })],
    ["k of 1001", (store) => store.search(vector(1), { k: 1001 })],
    ["k of 1.5", (store) => store.search(vector(1), { k: 1.5 })],
    [
      "half a surrogate pair as gallery",
      (store) => store.search(vector(1), { k: 1, gallery: "\ud800" }),
    ],
    [
      "half a surrogate pair as candidate",
      (store) => store.search(vector(1), { k: 1, candidates: ["\udc00"] }),
    ],
    ["half a surrogate pair as new id", (store) => store.transaction(created("\ud800", vector(1)))],
    ["half a surrogate pair as id", (store) => store.getSubject("\udfff")],
    [
      "more than 1,024 bytes as new id",
      (store) => store.transaction(created("\u00e9".repeat(513), vector(1))),
    ],
    ["an infinite vector", (store) => store.transaction(created("ada", vector(Infinity)))],
    ["a short vector", (store) => store.transaction(created("ada", new Float32Array(3)))],
    ["a page of 0", (store) => store.listSubjects({ limit: 0 })],
    ["a page of 1001", (store) => store.listGalleries({ limit: 1001 })],
  ];
  for (const [name, call] of bad) {
    rule(`${name} is an invalid argument`, async (trial) => {
      const store = await trial.ready();
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => call(store));
    });
  }
}
