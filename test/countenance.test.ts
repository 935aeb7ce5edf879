import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Countenance, openCountenance } from "../src/countenance.js";
import { createMemoryStore } from "../src/stores/memory.js";
import type { Store, StoreOperation } from "../src/stores/store.js";
import { Template } from "../src/template.js";
import { pictureOf, ScriptedEngine, vectorOf } from "./fixtures/scripted-engine.js";

const [ADA, BEN, CAT, STRANGER] = [1, 2, 3, 99] as const;
const failure = (code: string): unknown => expect.objectContaining({ code });

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe.each(["memory", "sqlite"] as const)("over the %s store", (kind) => {
  let folder: string;
  let engine: ScriptedEngine;
  let faces: Countenance;
  const path = () => join(folder, "faces.db");
  const open = () => openCountenance(kind === "memory" ? { engine } : { engine, path: path() });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "countenance-"));
    engine = new ScriptedEngine();
    faces = await open();
  });
  afterEach(async () => {
    await faces.close();
    await rm(folder, { recursive: true });
  });

  describe("register", () => {
    test("makes a subject that verifies and is found", async () => {
      const { subjectId, faceIds, faces: found } = await faces.register("ada", pictureOf(ADA));
      expect([subjectId, faceIds.length, found.length]).toEqual(["ada", 1, 1]);
      const verified = await faces.verify("ada", pictureOf(ADA));
      expect(verified.decision).toMatchObject({ kind: "match", candidate: { subjectId: "ada" } });
      const searched = await faces.search(pictureOf(ADA));
      expect(searched.candidates).toMatchObject([{ subjectId: "ada", faceId: faceIds[0] }]);
    });

    test("makes a UUID for an undefined id", async () => {
      const { subjectId } = await faces.register(undefined, pictureOf(ADA));
      expect(subjectId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
      expect(await faces.subjects.get(subjectId)).toMatchObject({ subjectId });
    });

    test("accepts templates, whose faces are undefined", async () => {
      const registration = await faces.register("ada", [engine.templateOf(ADA), pictureOf(ADA)]);
      expect(registration.faces[0]).toBeUndefined();
      expect(registration.faces[1]).toMatchObject({ score: 1 });
    });

    test.each([
      ["COUNTENANCE_NO_FACE", pictureOf()],
      ["COUNTENANCE_MULTIPLE_FACES", pictureOf(ADA, BEN)],
      ["COUNTENANCE_IMAGE_UNREADABLE", new Uint8Array(3)],
    ])("refuses a picture with %s and keeps nothing", async (code, picture) => {
      await expect(faces.register("ada", [pictureOf(ADA), picture])).rejects.toEqual(failure(code));
      expect(await faces.subjects.get("ada")).toBeUndefined();
    });

    test("refuses an id that exists and leaves it as it was", async () => {
      await faces.register("ada", pictureOf(ADA), { metadata: 1 });
      await expect(faces.register("ada", pictureOf(ADA), { metadata: 2 })).rejects.toEqual(
        failure("COUNTENANCE_SUBJECT_EXISTS"),
      );
      expect(await faces.subjects.get("ada")).toMatchObject({ metadata: 1 });
      expect((await faces.subjects.get("ada"))?.faces).toHaveLength(1);
    });

    test("of one id by many at once succeeds exactly once", async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, () => faces.register("ada", pictureOf(ADA))),
      );
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected")
          expect(outcome.reason).toEqual(failure("COUNTENANCE_SUBJECT_EXISTS"));
      }
      expect((await faces.subjects.get("ada"))?.faces).toHaveLength(1);
    });

    test("with ifExists add keeps the faces that were there", async () => {
      await faces.register("ada", pictureOf(ADA), { gallery: "staff", metadata: 1 });
      await faces.register("ada", pictureOf(ADA), { ifExists: "add", gallery: "night" });
      const subject = await faces.subjects.get("ada");
      expect(subject?.faces).toHaveLength(2);
      expect(subject).toMatchObject({ metadata: 1, galleries: ["default", "night", "staff"] });
    });

    test("with ifExists replace drops the faces that were there", async () => {
      await faces.register("ada", [pictureOf(ADA), pictureOf(ADA)]);
      const { faceIds } = await faces.register("ada", pictureOf(BEN), { ifExists: "replace" });
      expect((await faces.subjects.get("ada"))?.faces.map((face) => face.faceId)).toEqual(faceIds);
      expect((await faces.verify("ada", pictureOf(ADA))).decision.kind).toBe("no-match");
      expect((await faces.search(pictureOf(ADA))).decision.kind).toBe("no-match");
    });

    test("with ifExists replace registers anew: nothing of the old subject is left", async () => {
      await faces.register("ada", pictureOf(ADA), { gallery: "vip", metadata: { badge: 1 } });
      await faces.register("ada", pictureOf(BEN), { ifExists: "replace", gallery: "guests" });
      expect(await faces.subjects.get("ada")).toMatchObject({
        metadata: undefined,
        galleries: ["default", "guests"],
      });
      expect((await faces.search(pictureOf(ADA), { gallery: "vip" })).comparisons).toBe(0);
    });

    test("never mixes two people in one subject, whatever runs at once", async () => {
      for (let round = 0; round < 30; round++) {
        const id = `p${String(round)}`;
        await faces.register(id, pictureOf(ADA));
        await Promise.allSettled([
          faces.subjects.addFaces(id, pictureOf(ADA)),
          faces.register(id, pictureOf(ADA), { ifExists: "add" }),
          faces.register(id, pictureOf(BEN), { ifExists: "replace" }),
          faces.subjects.delete(id).then(() => faces.register(id, pictureOf(CAT))),
        ]);
        const alike: boolean[] = [];
        for (const person of [ADA, BEN, CAT]) {
          const { decision } = await faces.verify(id, pictureOf(person));
          alike.push(decision.kind === "match");
        }
        expect(alike.filter(Boolean)).toHaveLength(1);
      }
    });

    test("keeps the metadata as it was when called, though the caller changes it", async () => {
      const metadata: Record<string, unknown> = { a: 1 };
      const call = faces.register("ada", pictureOf(ADA), { metadata: metadata as { a: number } });
      metadata["a"] = 10n;
      await call;
      expect(await faces.subjects.get("ada")).toMatchObject({ metadata: { a: 1 } });
    });

    test("with ifExists registers an id that is new", async () => {
      await faces.register("ada", pictureOf(ADA), { ifExists: "add" });
      await faces.register("ben", pictureOf(BEN), { ifExists: "replace" });
      expect((await collect(faces.subjects.list())).map(({ subjectId }) => subjectId)).toEqual([
        "ada",
        "ben",
      ]);
    });

    test("refuses pictures of two people as one subject, whole", async () => {
      await expect(faces.register("ada", [pictureOf(ADA), pictureOf(BEN)])).rejects.toEqual(
        failure("COUNTENANCE_FACE_MISMATCH"),
      );
      await faces.register("ada", pictureOf(ADA));
      await expect(
        faces.register("ada", [pictureOf(ADA), pictureOf(BEN)], { ifExists: "add" }),
      ).rejects.toEqual(failure("COUNTENANCE_FACE_MISMATCH"));
      expect((await faces.subjects.get("ada"))?.faces).toHaveLength(1);
    });

    test("creates the galleries that it names, once", async () => {
      await faces.register("ada", pictureOf(ADA), {
        gallery: "staff",
        galleries: ["staff", "vip"],
      });
      await faces.register("ben", pictureOf(BEN), { gallery: "default" });
      expect(await collect(faces.galleries.list())).toEqual(["default", "staff", "vip"]);
      expect(await faces.galleries.of("ben")).toEqual(["default"]);
    });

    test.each([
      ["an empty id", "", {}],
      ["a number as id", 7, {}],
      ["an id with a lone surrogate", "\ud800", {}],
      ["an id that is too long", "x".repeat(1025), {}],
      ["an unknown option", "ada", { galery: "staff" }],
      ["a wrong ifExists", "ada", { ifExists: "merge" }],
      ["metadata that is no JSON", "ada", { metadata: () => 1 }],
      ["a wrong signal", "ada", { signal: {} }],
      ["galleries that are no array", "ada", { galleries: "staff" }],
      ["null options", "ada", null],
      ["null galleries", "ada", { galleries: null }],
    ])("refuses %s", async (_what, id, options) => {
      // Wrong on purpose: JavaScript callers have no types.
      const call = faces.register(id as string, pictureOf(ADA), options as object);
      await expect(call).rejects.toEqual(failure("COUNTENANCE_INVALID_ARGUMENT"));
    });

    test("refuses an empty list of pictures and more than 100", async () => {
      for (const images of [[], Array.from({ length: 101 }, () => pictureOf(ADA))]) {
        await expect(faces.register("ada", images)).rejects.toEqual(
          failure("COUNTENANCE_INVALID_ARGUMENT"),
        );
      }
    });

    test("keeps ids of any well-formed text apart", async () => {
      const ids = ["a", "A", "\u00e9", "e\u0301", "\u{1f600}", "a\0b", "a\0c", "x".repeat(1024)];
      await Promise.all(ids.map((id, i) => faces.register(id, pictureOf(i + 1))));
      for (const [i, id] of ids.entries()) {
        expect((await faces.search(pictureOf(i + 1))).candidates[0]?.subjectId).toBe(id);
        expect((await faces.subjects.get(id))?.subjectId).toBe(id);
      }
    });

    test("that was aborted before it wrote keeps nothing", async () => {
      const controller = new AbortController();
      const call = faces.register("ada", pictureOf(ADA), { signal: controller.signal });
      controller.abort();
      await expect(call).rejects.toEqual(failure("COUNTENANCE_ABORTED"));
      expect(await faces.subjects.get("ada")).toBeUndefined();
    });
  });

  describe("verify", () => {
    beforeEach(() => faces.register("ada", [pictureOf(ADA), pictureOf(ADA)]));

    test("tells of every number behind its decision", async () => {
      const result = await faces.verify("ada", pictureOf(ADA));
      expect(result).toMatchObject({ threshold: 0.53, comparisons: 2, face: { score: 1 } });
      expect(result.distance).toBeLessThan(0.3);
      // Two comparisons at the table's lowest rate, 1e-6 each.
      expect(result.fmr).toBeCloseTo(2e-6, 10);
    });

    test("refuses a stranger, and names the nearest face", async () => {
      const { decision } = await faces.verify("ada", pictureOf(STRANGER));
      expect(decision).toMatchObject({ kind: "no-match", best: { subjectId: "ada" } });
    });

    test("takes the largest of several faces", async () => {
      expect((await faces.verify("ada", pictureOf(ADA, BEN))).decision.kind).toBe("match");
      expect((await faces.verify("ada", pictureOf(BEN, ADA))).decision.kind).toBe("no-match");
    });

    test("derives the threshold from an fmr, corrected for the faces compared", async () => {
      const one = await faces.compare(pictureOf(ADA), pictureOf(ADA), { fmr: 1e-3 });
      expect(one.threshold).toBeCloseTo(0.53, 6);
      const two = await faces.verify("ada", pictureOf(ADA), { fmr: 1e-3 });
      expect(two.threshold).toBeLessThan(one.threshold);
      expect(two.threshold).toBeGreaterThan(0.45);
    });

    test("obeys maxDistance", async () => {
      const strict = await faces.verify("ada", pictureOf(ADA), { maxDistance: 0 });
      expect(strict).toMatchObject({ decision: { kind: "no-match" }, threshold: 0 });
    });

    test.each([
      ["fmr and maxDistance together", { fmr: 1e-3, maxDistance: 0.5 }],
      ["an fmr of 0", { fmr: 0 }],
      ["NaN", { maxDistance: Number.NaN }],
      ["a negative distance", { maxDistance: -1 }],
      ["a string", { maxDistance: "0.5" }],
      ["null", { maxDistance: null }],
    ])("refuses %s", async (_what, options) => {
      await expect(faces.verify("ada", pictureOf(ADA), options as object)).rejects.toEqual(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
    });

    test("of an unknown subject is SUBJECT_NOT_FOUND", async () => {
      await expect(faces.verify("nobody", pictureOf(ADA))).rejects.toEqual(
        failure("COUNTENANCE_SUBJECT_NOT_FOUND"),
      );
    });

    test("of a picture without a face is NO_FACE", async () => {
      await expect(faces.verify("ada", pictureOf())).rejects.toEqual(
        failure("COUNTENANCE_NO_FACE"),
      );
    });

    test("of a template of another model is MODEL_MISMATCH", async () => {
      const { modelId, pipeline } = engine;
      const vector = vectorOf(ADA);
      for (const template of [
        new Template({ modelId: "other@1", pipeline, vector }),
        new Template({ modelId, pipeline: "other/f32", vector }),
      ]) {
        await expect(faces.verify("ada", template)).rejects.toEqual(
          failure("COUNTENANCE_MODEL_MISMATCH"),
        );
        await expect(faces.search(template)).rejects.toEqual(failure("COUNTENANCE_MODEL_MISMATCH"));
        await expect(faces.register("x", template)).rejects.toEqual(
          failure("COUNTENANCE_MODEL_MISMATCH"),
        );
      }
    });
  });

  describe("search", () => {
    beforeEach(async () => {
      await faces.register("ada", pictureOf(ADA), { gallery: "staff" });
      await faces.register("ben", [pictureOf(BEN), pictureOf(BEN), pictureOf(BEN)]);
      await faces.register("cat", pictureOf(CAT), { gallery: "staff" });
    });

    test("gives distinct subjects, nearest first", async () => {
      const { candidates, comparisons } = await faces.search(pictureOf(BEN), { limit: 10 });
      expect(candidates.map(({ subjectId }) => subjectId).sort()).toEqual(["ada", "ben", "cat"]);
      expect(candidates[0]?.subjectId).toBe("ben");
      expect(comparisons).toBe(5);
    });

    test("of a stranger is no-match, and still names the nearest", async () => {
      const { decision, candidates } = await faces.search(pictureOf(STRANGER));
      expect(decision.kind).toBe("no-match");
      expect(candidates).toHaveLength(1);
    });

    test("restricts to a gallery before it chooses the nearest", async () => {
      const { candidates, comparisons } = await faces.search(pictureOf(BEN), {
        gallery: "staff",
        limit: 2,
      });
      expect(candidates.map(({ subjectId }) => subjectId).sort()).toEqual(["ada", "cat"]);
      expect(comparisons).toBe(2);
    });

    test("restricts to candidates before it chooses the nearest", async () => {
      const { candidates } = await faces.search(pictureOf(BEN), {
        candidates: ["cat", "nobody"],
        limit: 5,
      });
      expect(candidates.map(({ subjectId }) => subjectId)).toEqual(["cat"]);
    });

    test("joins gallery and candidates: both must hold", async () => {
      const found = await faces.search(pictureOf(BEN), {
        gallery: "staff",
        candidates: ["ben", "ada"],
        limit: 5,
      });
      expect(found.candidates.map(({ subjectId }) => subjectId)).toEqual(["ada"]);
    });

    test("finds nobody among no candidates", async () => {
      const found = await faces.search(pictureOf(BEN), { candidates: [] });
      expect(found).toMatchObject({
        decision: { kind: "no-match" },
        candidates: [],
        comparisons: 0,
      });
    });

    test("in an unknown gallery is GALLERY_NOT_FOUND", async () => {
      await expect(faces.search(pictureOf(BEN), { gallery: "nowhere" })).rejects.toEqual(
        failure("COUNTENANCE_GALLERY_NOT_FOUND"),
      );
    });

    test.each([[0], [1001], [1.5], ["5"]])("refuses a limit of %s", async (limit) => {
      await expect(faces.search(pictureOf(BEN), { limit: limit as number })).rejects.toEqual(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
    });

    test("no longer finds a deleted subject", async () => {
      expect(await faces.subjects.delete("ben")).toBe(true);
      const { candidates } = await faces.search(pictureOf(BEN), { limit: 10 });
      expect(candidates.map(({ subjectId }) => subjectId)).not.toContain("ben");
    });
  });

  describe("subjects", () => {
    beforeEach(() => faces.register("ada", pictureOf(ADA), { metadata: { desk: [1, "x"] } }));

    test("get is undefined for an unknown id", async () => {
      expect(await faces.subjects.get("nobody")).toBeUndefined();
    });

    test("get tells of metadata, faces and galleries, and of no vector", async () => {
      const subject = await faces.subjects.get("ada");
      expect(subject).toMatchObject({ metadata: { desk: [1, "x"] }, galleries: ["default"] });
      expect(subject?.faces).toMatchObject([{ box: { x: 0, y: 0, width: 100, height: 100 } }]);
      expect(subject?.createdAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
      expect(JSON.stringify(subject)).not.toContain("vector");
    });

    test("setMetadata replaces and removes", async () => {
      await faces.subjects.setMetadata("ada", "new");
      expect((await faces.subjects.get("ada"))?.metadata).toBe("new");
      await faces.subjects.setMetadata("ada", undefined);
      expect((await faces.subjects.get("ada"))?.metadata).toBeUndefined();
      await expect(faces.subjects.setMetadata("nobody", 1)).rejects.toEqual(
        failure("COUNTENANCE_SUBJECT_NOT_FOUND"),
      );
    });

    test("delete is true once, and the id is free again", async () => {
      expect(await faces.subjects.delete("ada")).toBe(true);
      expect(await faces.subjects.delete("ada")).toBe(false);
      await faces.register("ada", pictureOf(BEN));
    });

    test("addFaces adds, and refuses a stranger's face", async () => {
      await faces.subjects.addFaces("ada", [pictureOf(ADA), pictureOf(ADA)]);
      expect((await faces.verify("ada", pictureOf(ADA))).comparisons).toBe(3);
      await expect(faces.subjects.addFaces("ada", pictureOf(BEN))).rejects.toEqual(
        failure("COUNTENANCE_FACE_MISMATCH"),
      );
      await expect(faces.subjects.addFaces("nobody", pictureOf(BEN))).rejects.toEqual(
        failure("COUNTENANCE_SUBJECT_NOT_FOUND"),
      );
    });

    test("removeFace removes one, is false for an unknown one, and refuses the last", async () => {
      const { faceIds } = await faces.subjects.addFaces("ada", pictureOf(ADA));
      const [added] = faceIds;
      expect(await faces.subjects.removeFace("ada", "no such face")).toBe(false);
      expect(await faces.subjects.removeFace("ada", added ?? "")).toBe(true);
      const left = (await faces.subjects.get("ada"))?.faces[0]?.faceId ?? "";
      await expect(faces.subjects.removeFace("ada", left)).rejects.toEqual(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
      await expect(faces.subjects.removeFace("nobody", left)).rejects.toEqual(
        failure("COUNTENANCE_SUBJECT_NOT_FOUND"),
      );
    });

    test("list walks through more than one page, in order", async () => {
      const ids = Array.from({ length: 1100 }, (_, i) => `s${String(i).padStart(4, "0")}`);
      const items = ids.map((subjectId, i) => ({ subjectId, images: engine.templateOf(i + 100) }));
      for await (const result of faces.registerMany(items, { concurrency: 64 })) {
        expect(result.ok).toBe(true);
      }
      const listed = (await collect(faces.subjects.list())).map(({ subjectId }) => subjectId);
      expect(listed).toEqual(["ada", ...ids]);
    });

    test("list of an unknown gallery is GALLERY_NOT_FOUND", async () => {
      await expect(collect(faces.subjects.list({ gallery: "nowhere" }))).rejects.toEqual(
        failure("COUNTENANCE_GALLERY_NOT_FOUND"),
      );
    });
  });

  describe("galleries", () => {
    beforeEach(() => faces.register("ada", pictureOf(ADA)));

    test("a subject is in a gallery from add to remove", async () => {
      await faces.galleries.create("staff");
      expect(await faces.galleries.has("staff", "ada")).toBe(false);
      await faces.galleries.add("staff", "ada");
      await faces.galleries.add("staff", "ada");
      expect(await faces.galleries.has("staff", "ada")).toBe(true);
      expect(await collect(faces.galleries.members("staff"))).toEqual(["ada"]);
      expect((await faces.search(pictureOf(ADA), { gallery: "staff" })).comparisons).toBe(1);
      await faces.galleries.remove("staff", "ada");
      await faces.galleries.remove("staff", "ada");
      expect(await collect(faces.galleries.members("staff"))).toEqual([]);
      expect((await faces.search(pictureOf(ADA), { gallery: "staff" })).comparisons).toBe(0);
    });

    test("the default gallery always exists and holds everybody", async () => {
      expect(await collect(faces.galleries.list())).toEqual(["default"]);
      expect(await faces.galleries.has("default", "ada")).toBe(true);
      expect(await faces.galleries.has("default", "nobody")).toBe(false);
      expect(await collect(faces.galleries.members("default"))).toEqual(["ada"]);
      await faces.galleries.add("default", "ada");
      await expect(faces.galleries.create("default")).rejects.toEqual(
        failure("COUNTENANCE_GALLERY_EXISTS"),
      );
      await expect(faces.galleries.delete("default")).rejects.toEqual(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
      await expect(faces.galleries.remove("default", "ada")).rejects.toEqual(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
      expect((await faces.search(pictureOf(ADA), { gallery: "default" })).comparisons).toBe(1);
    });

    test("deleting a gallery keeps its members", async () => {
      await faces.galleries.create("staff");
      await faces.galleries.add("staff", "ada");
      await faces.galleries.delete("staff");
      expect(await faces.galleries.of("ada")).toEqual(["default"]);
      await expect(faces.galleries.has("staff", "ada")).rejects.toEqual(
        failure("COUNTENANCE_GALLERY_NOT_FOUND"),
      );
      await faces.galleries.create("staff");
      expect((await faces.search(pictureOf(ADA), { gallery: "staff" })).comparisons).toBe(0);
    });

    test("absence and presence have their codes", async () => {
      await faces.galleries.create("staff");
      await expect(faces.galleries.create("staff")).rejects.toEqual(
        failure("COUNTENANCE_GALLERY_EXISTS"),
      );
      await expect(faces.galleries.delete("none")).rejects.toEqual(
        failure("COUNTENANCE_GALLERY_NOT_FOUND"),
      );
      await expect(faces.galleries.add("none", "ada")).rejects.toEqual(
        failure("COUNTENANCE_GALLERY_NOT_FOUND"),
      );
      await expect(faces.galleries.add("staff", "x")).rejects.toEqual(
        failure("COUNTENANCE_SUBJECT_NOT_FOUND"),
      );
      await expect(faces.galleries.add("default", "x")).rejects.toEqual(
        failure("COUNTENANCE_SUBJECT_NOT_FOUND"),
      );
      await expect(faces.galleries.of("x")).rejects.toEqual(
        failure("COUNTENANCE_SUBJECT_NOT_FOUND"),
      );
      await expect(collect(faces.galleries.members("none"))).rejects.toEqual(
        failure("COUNTENANCE_GALLERY_NOT_FOUND"),
      );
    });
  });

  describe("close", () => {
    test("refuses every later call, and closing twice is the same as once", async () => {
      await Promise.all([faces.close(), faces.close()]);
      for (const call of [
        faces.register("ada", pictureOf(ADA)),
        faces.verify("ada", pictureOf(ADA)),
        faces.search(pictureOf(ADA)),
        faces.compare(pictureOf(ADA), pictureOf(ADA)),
        faces.subjects.get("ada"),
        faces.galleries.create("staff"),
        collect(faces.subjects.list()),
      ]) {
        await expect(call).rejects.toEqual(failure("COUNTENANCE_STORE_CLOSED"));
      }
    });

    test("ends calls under way with STORE_CLOSED and leaves the caller's engine open", async () => {
      const calls = Array.from({ length: 10 }, (_, i) => faces.register(String(i), pictureOf(ADA)));
      const outcomes = Promise.allSettled(calls);
      await faces.close();
      for (const outcome of await outcomes) {
        if (outcome.status === "rejected")
          expect(outcome.reason).toEqual(failure("COUNTENANCE_STORE_CLOSED"));
      }
      expect(engine.closed).toBe(false);
    });
  });

  if (kind === "sqlite") {
    test("everything is there again after reopening", async () => {
      await faces.register("ada", pictureOf(ADA), { gallery: "staff", metadata: { a: 1 } });
      await faces.close();
      faces = await open();
      expect(await faces.subjects.get("ada")).toMatchObject({ metadata: { a: 1 } });
      const { decision, comparisons } = await faces.search(pictureOf(ADA), { gallery: "staff" });
      expect([decision.kind, comparisons]).toEqual(["match", 1]);
    });

    test("a store of another model is MODEL_MISMATCH and stays usable for its own", async () => {
      await faces.register("ada", pictureOf(ADA));
      await faces.close();
      const other = new ScriptedEngine("other@2");
      await expect(openCountenance({ engine: other, path: path() })).rejects.toEqual(
        failure("COUNTENANCE_MODEL_MISMATCH"),
      );
      faces = await open();
      expect((await faces.search(pictureOf(ADA))).decision.kind).toBe("match");
    });

    test("a store made with f32 serves an engine with bf16, and stays pinned to f32", async () => {
      await faces.register("ada", pictureOf(ADA));
      await faces.close();
      const bf16 = new ScriptedEngine("scripted@1", "scripted/bf16");
      const other = await openCountenance({ engine: bf16, path: path() });
      expect((await other.search(pictureOf(ADA))).decision.kind).toBe("match");
      expect((await other.verify("ada", engine.templateOf(ADA))).decision.kind).toBe("match");
      await other.register("ben", pictureOf(BEN));
      await other.close();
      const int8 = new ScriptedEngine("scripted@1", "scripted/int8");
      await expect(openCountenance({ engine: int8, path: path() })).rejects.toEqual(
        failure("COUNTENANCE_MODEL_MISMATCH"),
      );
      faces = await open();
      expect((await faces.search(pictureOf(BEN))).decision.kind).toBe("match");
    });

    test("a second handle is STORE_LOCKED while the first is open", async () => {
      await expect(open()).rejects.toEqual(failure("COUNTENANCE_STORE_LOCKED"));
    });
  }
});

describe("compare", () => {
  test("tells one person from two, and needs no store", async () => {
    await using faces = await openCountenance({ engine: new ScriptedEngine() });
    const same = await faces.compare(pictureOf(ADA), pictureOf(ADA));
    expect(same).toMatchObject({ decision: { kind: "match" }, threshold: 0.53 });
    const different = await faces.compare(pictureOf(ADA), pictureOf(BEN));
    expect(different).toMatchObject({ decision: { kind: "no-match" }, fmr: 1 });
    expect(different.faces).toMatchObject([{ score: 1 }, { score: 1 }]);
  });
});

describe("openCountenance", () => {
  test("refuses a path and a store together", async () => {
    const options = { path: "x.db", store: createMemoryStore(), engine: new ScriptedEngine() };
    await expect(openCountenance(options)).rejects.toEqual(failure("COUNTENANCE_INVALID_ARGUMENT"));
  });

  test.each([
    ["an engine that is null", { engine: null }],
    ["a store that is null", { store: null }],
    ["a store without functions", { store: {} }],
    ["a path that is a number", { path: 5 }],
  ])("refuses %s", async (_what, options) => {
    const given = { engine: new ScriptedEngine(), ...options } as unknown as object;
    await expect(openCountenance(given)).rejects.toEqual(failure("COUNTENANCE_INVALID_ARGUMENT"));
  });

  test("leaves a store of the caller's open", async () => {
    const store = createMemoryStore();
    const engine = new ScriptedEngine();
    const faces = await openCountenance({ store, engine });
    await faces.close();
    const create: StoreOperation = { kind: "create-gallery", galleryId: "staff" };
    expect((await store.transaction([create])).committed).toBe(true);
    await store.close();
  });

  test("works over any object that keeps the contract", async () => {
    const inner = createMemoryStore();
    let searched = 0;
    const store: Store = {
      supports: inner.supports,
      prepare: (...args) => inner.prepare(...args),
      transaction: (...args) => inner.transaction(...args),
      getSubject: (...args) => inner.getSubject(...args),
      listSubjects: (...args) => inner.listSubjects(...args),
      listGalleries: (...args) => inner.listGalleries(...args),
      hasGallery: (...args) => inner.hasGallery(...args),
      isMember: (...args) => inner.isMember(...args),
      search: (...args) => {
        searched++;
        return inner.search(...args);
      },
      changesSince: (...args) => inner.changesSince(...args),
      close: () => inner.close(),
    };
    await using faces = await openCountenance({ store, engine: new ScriptedEngine() });
    await faces.register("ada", pictureOf(ADA));
    expect((await faces.search(pictureOf(ADA))).decision.kind).toBe("match");
    expect(searched).toBe(1);
    await inner.close();
  });

  test("stores nothing after an abort, over a store that passes over signals", async () => {
    const store: Store = createMemoryStore();
    const [getSubject, transaction] = [store.getSubject.bind(store), store.transaction.bind(store)];
    const controller = new AbortController();
    let reads = 0;
    store.getSubject = (subjectId) => {
      if (++reads === 2) controller.abort(); // the read just before the write
      return getSubject(subjectId);
    };
    store.transaction = (operations) => transaction(operations);
    await using faces = await openCountenance({ store, engine: new ScriptedEngine() });
    const registering = faces.register("ada", pictureOf(ADA), { signal: controller.signal });
    await expect(registering).rejects.toEqual(failure("COUNTENANCE_ABORTED"));
    expect(await faces.subjects.get("ada")).toBeUndefined();
    await store.close();
  });
});
