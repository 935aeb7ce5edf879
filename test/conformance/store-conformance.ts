import { afterEach, describe, expect, test } from "vitest";

import type { ErrorCode } from "../../src/errors.js";
import type { FaceRecord, Store, StoredModel, StoreOperation } from "../../src/stores/store.js";

export const DIMENSION = 8;
export const MODEL: StoredModel = { modelId: "m", pipeline: "p", dimension: DIMENSION };

/** Vectors that are easy to read: the first values, then zeros. */
export function vector(...values: readonly number[]): Float32Array {
  const result = new Float32Array(DIMENSION);
  result.set(values);
  return result;
}

let faces = 0;
export function face(subjectId: string, at: Float32Array, id = `f${String(++faces)}`): FaceRecord {
  return { id, subjectId, vector: at, box: undefined, score: undefined, createdAtMs: 5 };
}

export function created(id: string, at: Float32Array, ...galleries: string[]): StoreOperation[] {
  return [
    { kind: "create-subject", subject: { id, metadata: undefined, createdAtMs: 1 } },
    { kind: "add-face", face: face(id, at) },
    ...galleries.flatMap((galleryId): StoreOperation[] => [
      { kind: "ensure-gallery", galleryId },
      { kind: "add-member", galleryId, subjectId: id },
    ]),
  ];
}

export async function failsWith(code: ErrorCode, work: () => Promise<unknown>): Promise<void> {
  await expect(work()).rejects.toMatchObject({ code });
}

async function idsOf(store: Store, at: Float32Array, k = 10, rest = {}): Promise<string[]> {
  const result = await store.search(at, { k, ...rest });
  return (result?.hits ?? []).map((hit) => hit.subjectId);
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0));
}

/** A reproducible 0..1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The rules that every store keeps. `open` gives a new, empty one that is not prepared. */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  const opened: Store[] = [];
  async function ready(): Promise<Store> {
    const store = await open();
    opened.push(store);
    await store.prepare(MODEL);
    return store;
  }
  async function commit(store: Store, operations: readonly StoreOperation[]): Promise<number> {
    const result = await store.transaction(operations);
    if (!result.committed) throw new Error(`refused: ${result.reason} at ${String(result.failed)}`);
    return result.sequence;
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  describe(name, () => {
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

    test("a vector is read from its own place in a larger buffer", async () => {
      const store = await ready();
      const large = new Float32Array(3 * DIMENSION).fill(50);
      large.set(vector(1, 2), DIMENSION);
      await commit(store, created("ada", large.subarray(DIMENSION, 2 * DIMENSION)));
      const probe = large.subarray(DIMENSION, 2 * DIMENSION);
      expect((await store.search(probe, { k: 1 }))?.hits[0]?.vector).toEqual(vector(1, 2));
    });

    const refusals: readonly [string, StoreOperation, string][] = [
      [
        "creating one that exists",
        created("ada", vector(1))[0] as StoreOperation,
        "subject-exists",
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
      ["all faces of nobody", { kind: "remove-faces", subjectId: "x" }, "subject-missing"],
      ["a gallery that exists", { kind: "create-gallery", galleryId: "g" }, "gallery-exists"],
      ["deleting no gallery", { kind: "delete-gallery", galleryId: "x" }, "gallery-missing"],
      [
        "a member of no gallery",
        { kind: "add-member", galleryId: "x", subjectId: "ada" },
        "gallery-missing",
      ],
      [
        "nobody as member",
        { kind: "add-member", galleryId: "g", subjectId: "x" },
        "subject-missing",
      ],
      [
        "removing nobody from a gallery",
        { kind: "remove-member", galleryId: "g", subjectId: "x" },
        "subject-missing",
      ],
    ];
    test.each(refusals)(
      "%s is refused, and nothing of the batch is written",
      async (_, bad, why) => {
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
      },
    );

    test("operations of one batch see each other", async () => {
      const store = await ready();
      await commit(store, [
        ...created("ada", vector(1), "g"),
        { kind: "remove-faces", subjectId: "ada" },
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

    test("replaced and deleted faces are never found again", async () => {
      const store = await ready();
      await commit(store, created("ada", vector(1), "g"));
      await commit(store, [
        { kind: "remove-faces", subjectId: "ada" },
        { kind: "add-face", face: face("ada", vector(9)) },
      ]);
      expect((await store.search(vector(1), { k: 5, gallery: "g" }))?.hits).toMatchObject([
        { subjectId: "ada", vector: vector(9) },
      ]);
      await commit(store, [{ kind: "delete-subject", subjectId: "ada" }]);
      expect(await store.search(vector(1), { k: 5 })).toEqual({ hits: [], compared: 0 });
      expect(await store.listSubjects({ limit: 5, gallery: "g" })).toEqual([]);
      await commit(store, created("ada", vector(2)));
      expect(await store.isMember("g", "ada")).toBe(false);
      expect(await idsOf(store, vector(1))).toEqual(["ada"]);
    });

    test("gallery and candidates restrict before the nearest are chosen", async () => {
      const store = await ready();
      for (let i = 1; i <= 60; i++) {
        const galleries = i % 10 === 0 ? ["tens", "all"] : ["all"];
        await commit(store, created(`s${String(i)}`, vector(i), ...galleries));
      }
      const tens = await store.search(vector(0), { k: 5, gallery: "tens" });
      expect(tens?.hits.map((hit) => hit.subjectId)).toEqual(["s10", "s20", "s30", "s40", "s50"]);
      expect(tens?.compared).toBe(6);
      const named = await store.search(vector(0), {
        k: 2,
        candidates: ["s59", "s60", "s58", "nobody", "s58"],
      });
      expect(named?.hits.map((hit) => hit.subjectId)).toEqual(["s58", "s59"]);
      expect(named?.compared).toBe(3);
      const both = { gallery: "tens", candidates: ["s19", "s20", "s30"] };
      expect(await idsOf(store, vector(0), 5, both)).toEqual(["s20", "s30"]);
      expect(await idsOf(store, vector(0), 5, { candidates: ["nobody"] })).toEqual([]);
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

    test("5,000 subjects are searched as a plain comparison would", async () => {
      const store = await ready();
      const random = randomFrom(1);
      const all = new Map<string, Float32Array>();
      for (let batch = 0; batch < 50; batch++) {
        const operations: StoreOperation[] = [];
        for (let i = 0; i < 100; i++) {
          const id = `s${String(batch * 100 + i)}`;
          const at = Float32Array.from({ length: DIMENSION }, random);
          all.set(id, at);
          operations.push(...created(id, at));
        }
        await commit(store, operations);
      }
      for (let round = 0; round < 20; round++) {
        const probe = Float32Array.from({ length: DIMENSION }, random);
        const expected = [...all.values()].map((at) => distance(probe, at)).sort((a, b) => a - b);
        const result = await store.search(probe, { k: 50 });
        expect(result?.compared).toBe(5000);
        expect(result?.hits.length).toBe(50);
        for (const [i, hit] of (result?.hits ?? []).entries()) {
          expect(all.get(hit.subjectId)).toEqual(hit.vector);
          expect(distance(probe, hit.vector)).toBeCloseTo(expected[i] ?? NaN, 5);
        }
      }
    }, 30_000);

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
