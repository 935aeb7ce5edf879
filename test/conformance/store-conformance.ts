import { afterEach, describe, expect, test } from "vitest";

import type { Store } from "../../src/stores/store.js";
import {
  commit,
  created,
  DIMENSION,
  face,
  failsWith,
  idsOf,
  MODEL,
  vector,
} from "./store-fixture.js";
import { revisionRules } from "./store-revisions.js";
import { searchRules } from "./store-search.js";
import { transactionRules } from "./store-transactions.js";

/** The rules that every store keeps. `open` gives a new, empty one that is not prepared. */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  const opened: Store[] = [];
  async function ready(): Promise<Store> {
    const store = await open();
    opened.push(store);
    await store.prepare(MODEL);
    return store;
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  describe(name, () => {
    transactionRules(ready);
    revisionRules(ready);
    searchRules(ready);

    test("an empty store has nothing, and says so without throwing", async () => {
      const store = await ready();
      expect(await store.getSubject("ada")).toBeUndefined();
      expect(await store.listSubjects({ limit: 10 })).toEqual([]);
      expect(await store.listSubjects({ limit: 10, gallery: "staff" })).toBeUndefined();
      expect(await store.listGalleries({ limit: 10 })).toEqual([]);
      expect(await store.hasGallery("staff")).toBe(false);
      expect(await store.isMember("staff", "ada")).toBeUndefined();
      expect(await store.search(vector(1), { k: 5 })).toEqual({ hits: [], compared: 0 });
      expect(await store.search(vector(1), { k: 5, gallery: "staff" })).toBeUndefined();
      expect(await store.search(vector(1), { k: 5, candidates: [] })).toEqual({
        hits: [],
        compared: 0,
      });
    });

    test("a subject comes back as it was put in", async () => {
      const store = await ready();
      const metadata = {
        name: '\u00c5 "quoted"',
        list: [1, null, true],
        nested: { deep: "\u0000" },
      };
      const box = { x: -1.5, y: 2, width: 0.1, height: 1e6 };
      const first = { ...face("ada", vector(1, 0.1)), box, score: 1.25 };
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
      expect(await store.getSubject("ada")).toEqual({
        id: "ada",
        metadata,
        createdAtMs: 17.5,
        revision: expect.any(Number),
        faces: [first, second],
        galleries: ["a", "z"],
      });
      await commit(store, [{ kind: "set-metadata", subjectId: "ada", metadata: null }]);
      expect((await store.getSubject("ada"))?.metadata).toBeNull();
      await commit(store, [{ kind: "set-metadata", subjectId: "ada", metadata: undefined }]);
      expect((await store.getSubject("ada"))?.metadata).toBeUndefined();
    });

    test("what the caller does to its objects afterwards changes nothing", async () => {
      const store = await ready();
      const given = vector(1, 2, 3);
      const metadata = { list: [1] };
      await commit(store, [
        { kind: "create-subject", subject: { id: "ada", metadata, createdAtMs: 1 } },
        { kind: "add-face", face: face("ada", given) },
      ]);
      given.fill(9);
      metadata.list.push(2);
      const found = await store.getSubject("ada");
      found?.faces[0]?.vector.fill(7);
      const again = await store.getSubject("ada");
      expect(again?.metadata).toEqual({ list: [1] });
      expect(again?.faces[0]?.vector).toEqual(vector(1, 2, 3));
      const result = await store.search(vector(1, 2, 3), { k: 1 });
      expect(result?.hits[0]?.vector).toEqual(vector(1, 2, 3));
    });

    test("deleting a gallery keeps its members", async () => {
      const store = await ready();
      await commit(store, created("ada", vector(1), "g", "h"));
      await commit(store, [{ kind: "delete-gallery", galleryId: "g" }]);
      expect(await store.search(vector(1), { k: 1, gallery: "g" })).toBeUndefined();
      expect((await store.getSubject("ada"))?.galleries).toEqual(["h"]);
      expect(await store.isMember("g", "ada")).toBeUndefined();
      expect(await store.isMember("h", "ada")).toBe(true);
      await commit(store, [{ kind: "create-gallery", galleryId: "g" }]);
      expect(await idsOf(store, vector(1), 1, { gallery: "g" })).toEqual([]);
    });

    test("ids of any Unicode text are kept apart and sorted by their bytes", async () => {
      const store = await ready();
      const ids = [
        "a",
        "a\u0000",
        "a\u0000b",
        "\u00c5",
        "A\u030a",
        "\uffff",
        "\u{1f600}",
        "\ue000",
        "x".repeat(1024),
        " ",
        "'; DROP TABLE face",
        "%",
        "_",
      ];
      for (const [i, id] of ids.entries()) await commit(store, created(id, vector(i), id));
      const sorted = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await store.listSubjects({ limit: 100 }))?.map(({ id }) => id)).toEqual(sorted);
      expect(await store.listGalleries({ limit: 100 })).toEqual(sorted);
      for (const [i, id] of ids.entries()) {
        expect((await store.getSubject(id))?.galleries).toEqual([id]);
        expect(await idsOf(store, vector(i), 5, { gallery: id })).toEqual([id]);
        expect(await idsOf(store, vector(i), 1)).toEqual([id]);
      }
    });

    test("pages are stable while subjects come and go", async () => {
      const store = await ready();
      for (let i = 10; i < 40; i++) await commit(store, created(`s${String(i)}`, vector(i), "g"));
      for (const rest of [{}, { gallery: "g" }]) {
        const first = (await store.listSubjects({ limit: 10, ...rest })) ?? [];
        expect(first.map(({ id }) => id).slice(0, 2)).toEqual(["s10", "s11"]);
        await commit(store, created("a", vector(1), "g"));
        await commit(store, [{ kind: "delete-subject", subjectId: "s12" }]);
        const next = await store.listSubjects({ limit: 2, after: first[9]?.id ?? "", ...rest });
        expect(next?.map(({ id }) => id)).toEqual(["s20", "s21"]);
        await commit(store, [{ kind: "delete-subject", subjectId: "a" }]);
        await commit(store, created("s12", vector(12), "g"));
      }
      expect(await store.listSubjects({ limit: 2, after: "s39" })).toEqual([]);
    });

    test("vectors, ids and limits that do not fit are invalid arguments", async () => {
      const store = await ready();
      const bad: readonly (() => Promise<unknown>)[] = [
        () => store.search(new Float32Array(DIMENSION - 1), { k: 1 }),
        () => store.search(vector(NaN), { k: 1 }),
        () => store.search(vector(1), { k: 0 }),
        () => store.search(vector(1), { k: 1001 }),
        () => store.search(vector(1), { k: 1.5 }),
        () => store.search(vector(1), { k: 1, gallery: "\ud800" }),
        () => store.search(vector(1), { k: 1, candidates: ["\udc00"] }),
        () => store.transaction(created("\ud800", vector(1))),
        () => store.transaction(created("ada", vector(Infinity))),
        () => store.transaction(created("ada", new Float32Array(3))),
        () => store.listSubjects({ limit: 0 }),
        () => store.listGalleries({ limit: 1001 }),
        () => store.getSubject("\udfff"),
      ];
      for (const call of bad) await failsWith("COUNTENANCE_INVALID_ARGUMENT", call);
    });

    test("a call with an aborted signal does nothing", async () => {
      const store = await ready();
      const signal = AbortSignal.abort("enough");
      const calls: readonly (() => Promise<unknown>)[] = [
        () => store.transaction(created("ada", vector(1)), { signal }),
        () => store.getSubject("ada", { signal }),
        () => store.listSubjects({ limit: 1, signal }),
        () => store.listGalleries({ limit: 1, signal }),
        () => store.hasGallery("g", { signal }),
        () => store.isMember("g", "ada", { signal }),
        () => store.search(vector(1), { k: 1, signal }),
      ];
      for (const call of calls) await failsWith("COUNTENANCE_ABORTED", call);
      expect(await store.getSubject("ada")).toBeUndefined();
    });

    test("a store that is not prepared refuses to work", async () => {
      const store = await open();
      opened.push(store);
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.getSubject("ada"));
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.transaction([]));
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.search(vector(1), { k: 1 }));
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.listSubjects({ limit: 1 }));
    });

    test("closing waits for transactions under way, and is idempotent", async () => {
      const store = await ready();
      const work = Array.from({ length: 20 }, (_, i) =>
        store.transaction(created(`s${String(i)}`, vector(i))),
      );
      await Promise.all([store.close(), store.close()]);
      await store.close();
      expect((await Promise.all(work)).every(({ committed }) => committed)).toBe(true);
      const calls: readonly (() => Promise<unknown>)[] = [
        () => store.prepare(MODEL),
        () => store.transaction([]),
        () => store.getSubject("ada"),
        () => store.listSubjects({ limit: 1 }),
        () => store.listGalleries({ limit: 1 }),
        () => store.hasGallery("g"),
        () => store.isMember("g", "ada"),
        () => store.search(vector(1), { k: 1 }),
      ];
      for (const call of calls) await failsWith("COUNTENANCE_STORE_CLOSED", call);
    });
  });
}
