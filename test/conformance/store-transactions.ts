import { expect, test } from "vitest";

import type { Metadata, Store, StoreOperation } from "../../src/stores/store.js";
import { commit, created, face, failsWith, idsOf, vector } from "./store-fixture.js";

/** What a transaction does, and does not do. `ready` gives a new, empty store. */
export function transactionRules(ready: () => Promise<Store>): void {
  const refusals: readonly [string, StoreOperation, string][] = [
    ["creating one that exists", created("ada", vector(1))[0] as StoreOperation, "subject-exists"],
    [
      "expecting nobody",
      { kind: "expect-subject", subjectId: "x", revision: 1 },
      "subject-missing",
    ],
    [
      "expecting another revision",
      { kind: "expect-subject", subjectId: "bob", revision: -1 },
      "subject-changed",
    ],
    [
      "metadata of nobody",
      { kind: "set-metadata", subjectId: "x", metadata: 1 },
      "subject-missing",
    ],
    ["deleting nobody", { kind: "delete-subject", subjectId: "x" }, "subject-missing"],
    ["a face of nobody", { kind: "add-face", face: face("x", vector(1)) }, "subject-missing"],
    [
      "removing a face that is not there",
      { kind: "remove-face", subjectId: "ada", faceId: "x" },
      "face-missing",
    ],
    [
      "removing somebody else's face",
      { kind: "remove-face", subjectId: "bob", faceId: "ada-1" },
      "face-missing",
    ],
    [
      "removing the last face",
      { kind: "remove-face", subjectId: "ada", faceId: "ada-1" },
      "last-face",
    ],
    ["a gallery that exists", { kind: "create-gallery", galleryId: "g" }, "gallery-exists"],
    ["deleting no gallery", { kind: "delete-gallery", galleryId: "x" }, "gallery-missing"],
    [
      "a member of no gallery",
      { kind: "add-member", galleryId: "x", subjectId: "ada" },
      "gallery-missing",
    ],
    ["nobody as member", { kind: "add-member", galleryId: "g", subjectId: "x" }, "subject-missing"],
    [
      "removing nobody from a gallery",
      { kind: "remove-member", galleryId: "g", subjectId: "x" },
      "subject-missing",
    ],
  ];
  test.each(refusals)("%s is refused, and nothing of the batch is written", async (_, bad, why) => {
    const store = await ready();
    await commit(store, [
      ...created("bob", vector(5), "g"),
      { kind: "create-subject", subject: { id: "ada", metadata: 1, createdAtMs: 1 } },
      { kind: "add-face", face: face("ada", vector(1), "ada-1") },
    ]);
    const before = await store.getSubject("ada");
    const result = await store.transaction([
      { kind: "set-metadata", subjectId: "ada", metadata: 2 },
      ...created("new", vector(3), "new-gallery"),
      { kind: "delete-subject", subjectId: "new" },
      bad,
      { kind: "delete-subject", subjectId: "bob" },
    ]);
    expect(result).toEqual({ committed: false, failed: 6, reason: why });
    expect(await store.getSubject("ada")).toEqual(before);
    expect(await store.hasGallery("new-gallery")).toBe(false);
    expect(await idsOf(store, vector(0))).toEqual(["ada", "bob"]);
  });

  test("operations of one batch see each other", async () => {
    const store = await ready();
    await commit(store, [
      ...created("ada", vector(1), "g"),
      { kind: "delete-subject", subjectId: "ada" },
      { kind: "create-subject", subject: { id: "ada", metadata: undefined, createdAtMs: 2 } },
      { kind: "add-face", face: face("ada", vector(2), "kept") },
      { kind: "add-face", face: face("ada", vector(3), "dropped") },
      { kind: "remove-face", subjectId: "ada", faceId: "dropped" },
      ...created("bob", vector(1), "g"),
      { kind: "delete-subject", subjectId: "bob" },
      ...created("bob", vector(4)),
      { kind: "remove-member", galleryId: "g", subjectId: "ada" },
      { kind: "delete-gallery", galleryId: "g" },
      { kind: "create-gallery", galleryId: "g" },
      { kind: "add-member", galleryId: "g", subjectId: "bob" },
    ]);
    expect((await store.getSubject("ada"))?.faces.map(({ id }) => id)).toEqual(["kept"]);
    expect((await store.search(vector(0), { k: 9 }))?.compared).toBe(2);
    expect(await idsOf(store, vector(0), 9, { gallery: "g" })).toEqual(["bob"]);
    expect(await store.isMember("g", "ada")).toBe(false);
  });

  test("the sequence grows with every transaction", async () => {
    const store = await ready();
    const first = await commit(store, created("ada", vector(1)));
    const second = await commit(store, []);
    expect(second).toBeGreaterThan(first);
  });

  test("transactions and searches at once are each whole", async () => {
    const store = await ready();
    const pair = async (i: number): Promise<void> => {
      const [a, b] = [`a${String(i)}`, `b${String(i)}`];
      await commit(store, [...created(a, vector(i), "g"), ...created(b, vector(i), "g")]);
      if (i % 3 === 0) {
        await commit(store, [
          { kind: "delete-subject", subjectId: a },
          { kind: "delete-subject", subjectId: b },
        ]);
      }
    };
    const look = async (): Promise<void> => {
      const result = await store.search(vector(0), { k: 1000, gallery: "g" });
      expect((result?.compared ?? 0) % 2).toBe(0);
    };
    const work: Promise<void>[] = [];
    for (let i = 0; i < 150; i++) work.push(pair(i), look());
    await Promise.all(work);
    expect((await idsOf(store, vector(0), 1000)).length).toBe(200);
  });

  test("of transactions that compete for one id, exactly one wins", async () => {
    const store = await ready();
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.transaction(created("ada", vector(i), "g"))),
    );
    expect(results.filter(({ committed }) => committed).length).toBe(1);
    const adding = Array.from({ length: 30 }, (_, i) =>
      store.transaction([{ kind: "add-face", face: face("ada", vector(i)) }]),
    );
    expect((await Promise.all(adding)).every(({ committed }) => committed)).toBe(true);
    expect((await store.getSubject("ada"))?.faces.length).toBe(31);
  });

  test("a face id that is in use is an invalid argument", async () => {
    const store = await ready();
    await commit(store, created("ada", vector(1)));
    const id = (await store.getSubject("ada"))?.faces[0]?.id ?? "";
    await failsWith("COUNTENANCE_INVALID_ARGUMENT", () =>
      store.transaction([{ kind: "add-face", face: face("ada", vector(2), id) }]),
    );
    expect((await store.search(vector(0), { k: 5 }))?.compared).toBe(1);
  });

  test("a signal that fires leaves a transaction whole or undone", async () => {
    const store = await ready();
    for (let i = 0; i < 20; i++) {
      const id = `s${String(i)}`;
      const controller = new AbortController();
      const done = store.transaction(created(id, vector(i)), { signal: controller.signal });
      for (let turn = 0; turn < i % 5; turn++) await new Promise((go) => setImmediate(go));
      controller.abort();
      const committed = await done.then(
        () => true,
        () => false,
      );
      expect((await store.getSubject(id))?.faces.length).toBe(committed ? 1 : undefined);
    }
  });

  test("what the caller does to its objects while a transaction is under way changes nothing", async () => {
    const store = await ready();
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
    metadata["toJSON"] = () => expect.unreachable();
    at.fill(NaN);
    box.x = NaN;
    operations.length = 0;
    await done;
    expect(await store.getSubject("ada")).toMatchObject({
      metadata: { list: [1] },
      faces: [{ vector: vector(1), box: { x: 1, y: 2, width: 3, height: 4 } }],
    });
    expect((await store.search(vector(1), { k: 9 }))?.compared).toBe(1);
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const subject = (metadata: unknown, createdAtMs = 1): unknown => ({
    kind: "create-subject",
    subject: { id: "bob", metadata, createdAtMs },
  });
  const bad: readonly [string, unknown][] = [
    ["a cycle", subject(cycle)],
    ["a function", subject({ toJSON: () => 1 })],
    ["a date", subject(new Date(0))],
    ["NaN", { kind: "set-metadata", subjectId: "ada", metadata: [NaN] }],
    ["more than 64 KiB", subject("x".repeat(64 * 1024))],
    ["a time that is none", subject(1, NaN)],
    ["a score that is none", { kind: "add-face", face: { ...face("ada", vector(1)), score: NaN } }],
    ["half a box", { kind: "add-face", face: { ...face("ada", vector(1)), box: { x: 1 } } }],
    ["an unknown kind", { kind: "drop-everything" }],
    ["no subject", { kind: "create-subject" }],
    ["no operation", null],
  ];
  test.each(bad)(
    "%s is an invalid argument, and nothing of the batch is written",
    async (_, one) => {
      const store = await ready();
      await commit(store, created("ada", vector(1)));
      const before = await store.getSubject("ada");
      // What JavaScript callers can pass.
      const operations = [...created("new", vector(2), "g"), one] as StoreOperation[];
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.transaction(operations));
      expect(await store.getSubject("ada")).toEqual(before);
      expect(await store.hasGallery("g")).toBe(false);
      expect((await store.search(vector(0), { k: 9 }))?.compared).toBe(1);
      await commit(store, created("new", vector(2)));
    },
  );
}
