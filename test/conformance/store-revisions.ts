import { expect, test } from "vitest";

import type { Store, StoreOperation } from "../../src/stores/store.js";
import { commit, created, face, vector } from "./store-fixture.js";

/** What a batch may expect of a subject. `ready` gives a new, empty store. */
export function revisionRules(ready: () => Promise<Store>): void {
  const expecting = async (store: Store, subjectId: string): Promise<StoreOperation> => {
    const { revision = NaN } = (await store.getSubject(subjectId)) ?? {};
    return { kind: "expect-subject", subjectId, revision };
  };

  test("a batch that expects a subject as it is commits, and changes no revision by itself", async () => {
    const store = await ready();
    await commit(store, created("ada", vector(1), "g"));
    const asRead = await expecting(store, "ada");
    await commit(store, [asRead]);
    await commit(store, [
      asRead,
      { kind: "set-metadata", subjectId: "ada", metadata: 1 },
      { kind: "remove-member", galleryId: "g", subjectId: "ada" },
    ]);
    await commit(store, [{ kind: "add-face", face: face("ada", vector(2)) }, asRead]);
    expect(await expecting(store, "ada")).not.toEqual(asRead);
  });

  const changes: readonly [string, StoreOperation[]][] = [
    ["another face", [{ kind: "add-face", face: face("ada", vector(3)) }]],
    ["a face less", [{ kind: "remove-face", subjectId: "ada", faceId: "second" }]],
    [
      "a deletion and a new subject of the id",
      [{ kind: "delete-subject", subjectId: "ada" }, ...created("ada", vector(5))],
    ],
  ];
  test.each(changes)(
    "after %s, a batch that expects the subject as it was is refused",
    async (_, between) => {
      const store = await ready();
      await commit(store, [
        ...created("ada", vector(1)),
        { kind: "add-face", face: face("ada", vector(2), "second") },
      ]);
      const asRead = await expecting(store, "ada");
      await commit(store, between);
      const before = await store.getSubject("ada");
      const result = await store.transaction([
        { kind: "add-face", face: face("ada", vector(9)) },
        { kind: "create-gallery", galleryId: "g" },
        asRead,
      ]);
      expect(result).toEqual({ committed: false, failed: 2, reason: "subject-changed" });
      expect(await store.getSubject("ada")).toEqual(before);
      expect(await store.hasGallery("g")).toBe(false);
      await commit(store, [await expecting(store, "ada")]);
    },
  );

  test("a revision is never used again for its id", async () => {
    const store = await ready();
    const seen = new Set<number>();
    for (let i = 0; i < 10; i++) {
      await commit(store, created("ada", vector(i)));
      seen.add((await store.getSubject("ada"))?.revision ?? NaN);
      await commit(store, [{ kind: "add-face", face: face("ada", vector(i)) }]);
      seen.add((await store.getSubject("ada"))?.revision ?? NaN);
      await commit(store, [{ kind: "delete-subject", subjectId: "ada" }]);
    }
    expect(seen.size).toBe(20);
    expect(seen).not.toContain(NaN);
  });

  test("of transactions that expect the same revision, exactly one wins", async () => {
    const store = await ready();
    await commit(store, created("ada", vector(1)));
    for (let round = 1; round <= 10; round++) {
      const asRead = await expecting(store, "ada");
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          store.transaction([asRead, { kind: "add-face", face: face("ada", vector(i)) }]),
        ),
      );
      const refused = results.filter(({ committed }) => !committed);
      expect(refused).toEqual(
        Array(9).fill({ committed: false, failed: 0, reason: "subject-changed" }),
      );
      expect((await store.getSubject("ada"))?.faces.length).toBe(1 + round);
    }
  });
}
