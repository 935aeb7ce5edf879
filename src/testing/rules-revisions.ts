import assert from "node:assert/strict";

import type { Store, StoreOperation } from "../stores/store.js";
import { commit, created, deleted, face, plain, subjectOf, vector } from "./records.js";
import type { Rule } from "./trial.js";

const FACE_CHANGES: readonly (readonly [string, () => StoreOperation[]])[] = [
  ["another face", () => [{ kind: "add-face", face: face("ada", vector(3)) }]],
  ["a face less", () => [{ kind: "remove-face", subjectId: "ada", faceId: "second" }]],
  ["a deletion and a new subject of the id", () => [deleted("ada"), ...created("ada", vector(5))]],
];

/** What a batch may expect of a subject that was read before. */
export function revisionRules(rule: Rule): void {
  const expecting = async (store: Store, subjectId: string): Promise<StoreOperation> => {
    const { revision } = await subjectOf(store, subjectId);
    return { kind: "expect-subject", subjectId, revision };
  };

  rule("a batch may expect a subject as it is; that alone changes no revision", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g"));
    const asRead = await expecting(store, "ada");
    await commit(store, [asRead]);
    await commit(store, [
      asRead,
      { kind: "set-metadata", subjectId: "ada", metadata: 1 },
      { kind: "remove-member", galleryId: "g", subjectId: "ada" },
    ]);
    await commit(store, [{ kind: "add-face", face: face("ada", vector(2)) }, asRead]);
    assert.notDeepEqual(await expecting(store, "ada"), asRead);
  });

  for (const [what, between] of FACE_CHANGES) {
    rule(`after ${what}, a batch that expects the subject as it was is refused`, async (trial) => {
      const store = await trial.ready();
      await commit(store, [
        ...created("ada", vector(1)),
        { kind: "add-face", face: face("ada", vector(2), "second") },
      ]);
      const asRead = await expecting(store, "ada");
      await commit(store, between());
      const before = plain(await store.getSubject("ada"));
      const result = await store.transaction([
        { kind: "add-face", face: face("ada", vector(9)) },
        { kind: "create-gallery", galleryId: "g" },
        asRead,
      ]);
      assert.deepEqual({ ...result }, { committed: false, failed: 2, reason: "subject-changed" });
      assert.deepEqual(plain(await store.getSubject("ada")), before);
      assert.equal(await store.hasGallery("g"), false);
      await commit(store, [await expecting(store, "ada")]);
    });
  }

  rule("a revision is never used again for its id", async (trial) => {
    const store = await trial.ready();
    const seen = new Set<number>();
    for (let i = 0; i < 10; i++) {
      await commit(store, created("ada", vector(i)));
      seen.add((await subjectOf(store, "ada")).revision);
      await commit(store, [{ kind: "add-face", face: face("ada", vector(i)) }]);
      seen.add((await subjectOf(store, "ada")).revision);
      await commit(store, [deleted("ada")]);
    }
    assert.equal(seen.size, 20);
  });

  rule("of transactions that expect the same revision, exactly one wins", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1)));
    for (let round = 1; round <= 10; round++) {
      const asRead = await expecting(store, "ada");
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          store.transaction([asRead, { kind: "add-face", face: face("ada", vector(i)) }]),
        ),
      );
      const refused = results.filter(({ committed }) => !committed);
      assert.equal(refused.length, 9);
      for (const result of refused) {
        assert.deepEqual({ ...result }, { committed: false, failed: 0, reason: "subject-changed" });
      }
      assert.equal((await subjectOf(store, "ada")).faces.length, 1 + round);
    }
  });
}
