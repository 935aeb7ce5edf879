import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Countenance, openCountenance } from "../src/countenance.js";
import type { SearchOptions } from "../src/matching.js";
import { createMemoryStore } from "../src/stores/memory.js";
import type { Metadata } from "../src/stores/store.js";
import { pictureOf, ScriptedEngine } from "./fixtures/scripted-engine.js";

const [ADA, BEN, CAT, DAN, STRANGER] = [1, 2, 3, 4, 99] as const;
const failure = (code: string): unknown => expect.objectContaining({ code });

describe.each(["memory", "sqlite"] as const)("over the %s store", (kind) => {
  let folder: string;
  let faces: Countenance;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "countenance-"));
    const engine = new ScriptedEngine();
    const path = join(folder, "faces.db");
    faces = await openCountenance(kind === "memory" ? { engine } : { engine, path });
    const people: readonly (readonly [string, number, Metadata | undefined])[] = [
      ["ada", ADA, { city: "Paris", floor: 3, on: true, keys: ["a"] }],
      ["ben", BEN, { city: "Rome", floor: 3, on: null }],
      ["cat", CAT, { city: "Paris", floor: "3" }],
      ["dan", DAN, undefined],
    ];
    for (const [id, person, metadata] of people) {
      const more = metadata === undefined ? {} : { metadata };
      await faces.register(id, pictureOf(person), { gallery: `floor of ${id}`, ...more });
    }
  });
  afterEach(async () => {
    await faces.close();
    rmSync(folder, { recursive: true });
  });

  async function found(options: SearchOptions): Promise<string[]> {
    const { candidates } = await faces.search(pictureOf(STRANGER), { limit: 10, ...options });
    return candidates.map(({ subjectId }) => subjectId).sort();
  }

  test("a filter compares top-level fields strictly, all of them at once", async () => {
    expect(await found({ filter: { city: "Paris" } })).toEqual(["ada", "cat"]);
    expect(await found({ filter: { city: ["Paris", "Rome"], floor: 3 } })).toEqual(["ada", "ben"]);
    expect(await found({ filter: { floor: "3" } })).toEqual(["cat"]);
    expect(await found({ filter: { on: [true, null] } })).toEqual(["ada", "ben"]);
    expect(await found({ filter: { keys: "a" } })).toEqual([]);
    expect(await found({ filter: { city: [] } })).toEqual([]);
    expect(await found({ filter: {} })).toEqual(["ada", "ben", "cat", "dan"]);
  });

  test("a filter restricts before the nearest are chosen, together with gallery and candidates", async () => {
    const probe = pictureOf(BEN);
    const filter = { city: "Paris" };
    const { candidates, comparisons, decision } = await faces.search(probe, { filter, limit: 1 });
    expect(candidates).toHaveLength(1);
    expect(candidates[0]?.subjectId).not.toBe("ben");
    expect([comparisons, decision.kind]).toEqual([2, "no-match"]);
    expect(await found({ filter, candidates: ["cat", "ben"] })).toEqual(["cat"]);
    expect(await found({ filter, gallery: "floor of ada" })).toEqual(["ada"]);
    expect(await found({ filter, gallery: "floor of ada", candidates: ["cat"] })).toEqual([]);
  });

  test("a filter follows changed metadata", async () => {
    await faces.subjects.setMetadata("ada", { city: "Oslo" });
    await faces.subjects.setMetadata("ben", undefined);
    expect(await found({ filter: { city: ["Paris", "Rome"] } })).toEqual(["cat"]);
    await faces.subjects.delete("cat");
    expect(await found({ filter: { city: ["Paris", "Oslo"] } })).toEqual(["ada"]);
  });

  test("what the caller does to a filter afterwards changes nothing", async () => {
    const cities = ["Paris"];
    const searching = found({ filter: { city: cities } });
    cities[0] = "Rome";
    expect(await searching).toEqual(["ada", "cat"]);
  });

  test("a filter that is none is an invalid argument", async () => {
    for (const filter of [null, "Paris", ["city"], { floor: { $gt: 2 } }, { floor: NaN }]) {
      const options = { filter } as unknown as SearchOptions; // what JavaScript callers can pass
      await expect(faces.search(pictureOf(ADA), options)).rejects.toEqual(
        failure("COUNTENANCE_INVALID_ARGUMENT"),
      );
    }
  });
});

test("a filter over a store that has none is UNSUPPORTED", async () => {
  const store = createMemoryStore();
  const supports = { ...store.supports, filter: false };
  Object.defineProperty(store, "supports", { value: supports });
  await using other = await openCountenance({ store, engine: new ScriptedEngine() });
  await expect(other.search(pictureOf(ADA), { filter: { city: "Paris" } })).rejects.toEqual(
    failure("COUNTENANCE_UNSUPPORTED"),
  );
  expect((await other.search(pictureOf(ADA), { filter: {} })).candidates).toEqual([]);
  await store.close();
});
