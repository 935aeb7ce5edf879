import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { checkSqliteStore } from "../../src/stores/sqlite.js";
import { created, idsOf, vector } from "../../src/testing/records.js";
import type { MetadataFilter } from "../../src/stores/store.js";
import { DatabasePlace } from "./database-place.js";

const GOLDEN = readFileSync(new URL("../golden/store-v1.sql", import.meta.url), "utf8");
const PROGRAM = fileURLToPath(new URL("../fixtures/programs/open-store.mjs", import.meta.url));
const MODEL = { modelId: "m", pipeline: "p", dimension: 4 };

const place = new DatabasePlace();

/** The system's own SQLite, in a process of its own. */
function sqlite3(sql: string): string {
  return execFileSync("sqlite3", [place.path], { input: sql, encoding: "utf8" }).trim();
}

test("a file of format 1 keeps all it has, and its metadata can be searched by", async () => {
  sqlite3(GOLDEN);
  const store = await place.openPrepared(MODEL);
  expect(await store.getSubject("ada")).toMatchObject({
    id: "ada",
    createdAtMs: 1,
    revision: 1,
    metadata: { city: "Paris", age: 36.5, nested: { a: 1 } },
    faces: [
      { id: "ada-1", vector: Float32Array.of(1, 0, 0, 0) },
      { id: "ada-2", vector: Float32Array.of(1, 0.5, 0, 0) },
    ],
    galleries: ["staff"],
  });
  expect(await store.listGalleries({ limit: 10 })).toEqual(["empty", "staff"]);
  const probe = new Float32Array(4);
  const find = (filter: MetadataFilter) => idsOf(store, probe, { filter });
  expect(await find({})).toEqual(["ada", "bob", "eve"]);
  expect(await find({ city: "Paris" })).toEqual(["ada", "bob"]);
  expect(await find({ 'full "name"': "A\u00c5\u{1f600}" })).toEqual(["ada"]);
  expect(await find({ age: 36.5, big: 1e300, tiny: 0.1, left: null, staff: true })).toEqual([
    "ada",
  ]);
  expect(await find({ age: [36, 36.5], staff: "true" })).toEqual(["bob"]);
  // What came before is not known one by one.
  expect(await store.changesSince(5, { limit: 9 })).toBeUndefined();
  expect(await store.changesSince(6, { limit: 9 })).toEqual({ changes: [], sequence: 6 });
  await store.transaction([{ kind: "delete-subject", subjectId: "ada" }]);
  expect(await find({ city: "Paris" })).toEqual(["bob"]);
  await store.close();
  expect(await checkSqliteStore(place.path, { full: true })).toMatchObject({ subjects: 2 });
  expect(sqlite3("PRAGMA user_version")).toBe("2");
});

test("looking at a file of format 1 leaves it as it is", async () => {
  sqlite3(GOLDEN);
  expect(await checkSqliteStore(place.path, { full: true })).toEqual({
    subjects: 3,
    faces: 6,
    model: "m",
  });
  expect(sqlite3("PRAGMA user_version; SELECT count(*) FROM sqlite_schema")).toBe("1\n10");
});

test("a migration that is killed has happened or has not", async () => {
  sqlite3(GOLDEN);
  const tables = sqlite3("SELECT sql FROM sqlite_schema ORDER BY rowid");
  sqlite3(`INSERT INTO subject SELECT value, 's' || value, '{"city":"Paris","n":' || value || '}', 1, 1
    FROM generate_series(10, 30000)`);
  let interrupted = 0;
  for (let round = 0; interrupted < 3 || round < 8; round++) {
    if (round === 40) expect.unreachable("every migration was over before it could be killed");
    const child = spawn(process.execPath, [PROGRAM, place.path]);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise((resolve) => child.once("close", resolve));
    while (!output.includes("opening") && child.exitCode === null) await sleep(2);
    await sleep(30 * (round % 8));
    child.kill("SIGKILL");
    await ended;
    if (sqlite3("PRAGMA user_version") === "2") {
      expect(sqlite3("SELECT count(*) FROM field")).toBe(String(2 * 29_991 + 10));
      break;
    }
    interrupted++;
    expect(sqlite3("SELECT sql FROM sqlite_schema ORDER BY rowid")).toBe(tables);
  }
  expect(interrupted).toBeGreaterThan(0);
  const store = await place.openPrepared(MODEL);
  expect(await idsOf(store, vector(0).subarray(0, 4), { filter: { city: "Paris" } })).toEqual([
    "ada",
    "bob",
  ]);
  await store.close();
  await checkSqliteStore(place.path, { full: true });
}, 60_000);

test("the log of changes survives a restart, and forgets the oldest by whole transactions", async () => {
  const first = await place.openPrepared();
  const told = await first.transaction(created("ada", vector(1), "staff"));
  await first.close();
  const store = await place.openPrepared();
  expect(await store.changesSince(0, { limit: 10 })).toEqual({
    changes: [
      { sequence: 1, kind: "gallery-changed", galleryId: "staff" },
      { sequence: 1, kind: "subject-changed", subjectId: "ada" },
    ],
    sequence: 1,
  });
  expect(told).toEqual({ committed: true, sequence: 1 });
  const gallery = (batch: number) =>
    Array.from({ length: 9000 }, (_, i) => ({
      kind: "ensure-gallery" as const,
      galleryId: `${String(batch)}-${String(i)}`,
    }));
  for (let batch = 0; batch < 14; batch++) await store.transaction(gallery(batch));
  expect(await store.changesSince(0, { limit: 10 })).toBeUndefined();
  // Of 126,000 changes the newest 100,000 begin within transaction 4 (1 + 9,000 each).
  const page = await store.changesSince(3, { limit: 10 });
  expect(page?.changes.length).toBe(9000);
  expect(page?.sequence).toBe(4);
  expect((await store.changesSince(14, { limit: 10_000 }))?.changes.length).toBe(9000);
  expect(await store.changesSince(15, { limit: 1 })).toEqual({ changes: [], sequence: 15 });
  expect(await store.changesSince(16, { limit: 1 })).toBeUndefined();
  await store.close();
  await checkSqliteStore(place.path, { full: true });
}, 60_000);
