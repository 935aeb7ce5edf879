import assert from "node:assert/strict";

import { allSubjects, commit, created, face, idsOf, subjectOf, vector } from "./records.js";
import type { Rule } from "./trial.js";

/** Ids that a database may take for each other, or for something else. */
const ODD_IDS: readonly string[] = [
  "a",
  "A",
  "a\u0000",
  "a\u0000b",
  "a ",
  " a",
  " ",
  "\n",
  "\u00c5", // composed
  "A\u030a", // decomposed: looks the same
  "\u212b", // the angstrom sign: the same once more
  "stra\u00dfe",
  "strasse",
  "\u0131", // dotless i
  "i",
  "\u03c3",
  "\u03c2", // the same letter at the end of a word
  "\uff41", // a wide a
  "\u200ba", // with a space that has no width
  "\ue000",
  "\uffff",
  "\u{1f600}",
  "\u{10ffff}",
  "e\u0301".repeat(341), // 1,023 bytes
  "x".repeat(1024),
  `${"x".repeat(1023)}y`,
  "\u{1f600}".repeat(256), // 1,024 bytes
  "1",
  "01",
  "1.0",
  "1e0",
  "true",
  "null",
  "undefined",
  "__proto__",
  "constructor",
  "'; DROP TABLE face; --",
  '"',
  "\\",
  "%",
  "_",
  "*",
  "?",
  "$1",
  "{}",
  "../x",
];

/** Ids are any well-formed text of up to 1 kB, kept apart code point by code point. */
export function idRules(rule: Rule): void {
  rule("subjects of look-alike ids are kept apart", async (trial) => {
    const store = await trial.ready();
    for (const [i, id] of ODD_IDS.entries()) await commit(store, created(id, vector(i, 1)));
    for (const [i, id] of ODD_IDS.entries()) {
      const subject = await subjectOf(store, id);
      assert.deepEqual(
        [subject.id, [...(subject.faces[0]?.vector ?? [])].slice(0, 2)],
        [id, [i, 1]],
      );
      assert.deepEqual(await idsOf(store, vector(i, 1), { k: 1 }), [id]);
      assert.deepEqual(await idsOf(store, vector(0), { candidates: [id] }), [id]);
    }
    await commit(store, [{ kind: "delete-subject", subjectId: "a" }]);
    const left = ODD_IDS.filter((id) => id !== "a");
    assert.deepEqual(new Set(await allSubjects(store)), new Set(left));
  });

  rule("galleries of look-alike ids are kept apart", async (trial) => {
    const store = await trial.ready();
    for (const [i, id] of ODD_IDS.entries()) await commit(store, created(id, vector(i, 1), id));
    for (const id of ODD_IDS) {
      assert.equal(await store.isMember(id, id), true);
      assert.equal(await store.isMember(id, id === "a" ? "A" : "a"), false);
      assert.deepEqual((await subjectOf(store, id)).galleries, [id]);
      assert.deepEqual(await idsOf(store, vector(0), { gallery: id }), [id]);
    }
    await commit(store, [{ kind: "delete-gallery", galleryId: "a" }]);
    assert.equal(await store.hasGallery("a"), false);
    assert.equal(await store.hasGallery("A"), true);
    assert.equal(await store.hasGallery("a\u0000"), true);
  });

  rule("faces of look-alike ids are kept apart", async (trial) => {
    const store = await trial.ready();
    await commit(store, [
      { kind: "create-subject", subject: { id: "ada", metadata: undefined, createdAtMs: 1 } },
      ...ODD_IDS.map((id, i) => ({ kind: "add-face", face: face("ada", vector(i), id) }) as const),
    ]);
    const ids = async () => (await subjectOf(store, "ada")).faces.map(({ id }) => id);
    assert.deepEqual(await ids(), ODD_IDS);
    await commit(store, [{ kind: "remove-face", subjectId: "ada", faceId: "A\u030a" }]);
    assert.deepEqual(
      await ids(),
      ODD_IDS.filter((id) => id !== "A\u030a"),
    );
    const found = await store.search(vector(3), { k: 1 });
    assert.equal(found?.hits[0]?.faceId, ODD_IDS[3]);
  });

  rule("lists are in the order of UTF-8 bytes, page by page", async (trial) => {
    const store = await trial.ready();
    for (const [i, id] of ODD_IDS.entries()) {
      await commit(store, created(id, vector(i), "everybody", id));
    }
    const sorted = ODD_IDS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const limit of [1, 7, 1000]) {
      assert.deepEqual(await allSubjects(store, limit), sorted);
      assert.deepEqual(await allSubjects(store, limit, "everybody"), sorted);
    }
    const galleries = await store.listGalleries({ limit: 1000 });
    const all = [...sorted, "everybody"];
    assert.deepEqual(
      galleries,
      all.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    const after = await store.listGalleries({ limit: 2, after: galleries[4] ?? "" });
    assert.deepEqual(after, galleries.slice(5, 7));
    await commit(store, [
      ...created("last", vector(1)),
      ...sorted.map((galleryId) => ({ kind: "add-member", galleryId, subjectId: "last" }) as const),
    ]);
    assert.deepEqual((await subjectOf(store, "last")).galleries, sorted);
  });
}
