import { spawn, spawnSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, expect, test } from "vitest";

import { native } from "../../src/internal/native.js";
import { checkSqliteStore, openSqliteStore } from "../../src/stores/sqlite.js";
import type { Store } from "../../src/stores/store.js";
import { created, failsWith, MODEL, vector } from "../conformance/store-fixture.js";

const PROGRAM = fileURLToPath(new URL("../fixtures/programs/write-store.mjs", import.meta.url));
// Places in the header of a SQLite file (its file format, section 1.3).
const USER_VERSION = 60;
const APPLICATION_ID = 68;

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countenance-"));
  path = join(folder, "faces.db");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function openPrepared(): Promise<Store> {
  const store = await openSqliteStore({ path });
  try {
    await store.prepare(MODEL);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

async function fill(count: number): Promise<void> {
  const store = await openPrepared();
  for (let i = 0; i < count; i++) {
    await store.transaction(created(`s${String(i)}`, vector(i), "staff"));
  }
  await store.close();
}

/** Writes bytes over the file, which no handle has open. */
function patch(offset: number, bytes: readonly number[]): Buffer {
  const content = readFileSync(path);
  content.set(bytes, offset);
  writeFileSync(path, content);
  return content;
}

async function sql(statement: string): Promise<void> {
  const database = await native().openDatabase(path, { readers: 1, queueLimit: 10 }).done;
  await database.write({ statements: [{ sql: statement }] }).done;
  await database.close().done;
}

test("what was acknowledged is there after reopening, and the sequence goes on", async () => {
  const first = await openPrepared();
  const result = await first.transaction(created("ada", vector(1, 2), "staff"));
  const before = await first.getSubject("ada");
  await first.close();
  expect(readdirSync(folder)).toEqual(["faces.db"]);

  const second = await openPrepared();
  expect(await second.getSubject("ada")).toEqual(before);
  const found = await second.search(vector(1, 2), { k: 5, gallery: "staff" });
  expect(found?.hits[0]).toMatchObject({ subjectId: "ada", vector: vector(1, 2) });
  const next = await second.transaction(created("bob", vector(3)));
  expect(result.committed && next.committed && next.sequence > result.sequence).toBe(true);
  await second.close();
});

test("the files are readable by their owner only", async () => {
  const store = await openPrepared();
  for (const name of readdirSync(folder)) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
  await store.close();
});

test("a second handle is refused at once, under another name of the file too", async () => {
  const store = await openPrepared();
  await failsWith("COUNTENANCE_STORE_LOCKED", () => openSqliteStore({ path }));
  symlinkSync(path, join(folder, "link.db"));
  await failsWith("COUNTENANCE_STORE_LOCKED", () =>
    openSqliteStore({ path: join(folder, "link.db") }),
  );
  await failsWith("COUNTENANCE_STORE_LOCKED", () => checkSqliteStore(path));
  await store.transaction(created("ada", vector(1)));
  await store.close();
  await (await openPrepared()).close();
});

test("another process is refused while a store is open", async () => {
  const store = await openPrepared();
  const child = spawnSync(process.execPath, [PROGRAM, path, "x"], { encoding: "utf8" });
  expect(child.stdout).toBe("COUNTENANCE_STORE_LOCKED\n");
  await store.close();
});

test.each([
  ["one byte", Buffer.from("x")],
  ["text", Buffer.from("no database, but a diary ".repeat(1000))],
  ["zeros", Buffer.alloc(8192)],
])("a file of %s is corrupt, and nothing in the folder changes", async (_, content) => {
  writeFileSync(path, content);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path }));
  expect(readdirSync(folder)).toEqual(["faces.db"]);
  expect(readFileSync(path).equals(content)).toBe(true);
});

test("another program's database is refused unchanged", async () => {
  await fill(3);
  const content = patch(APPLICATION_ID, [0, 0, 0, 0]);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path }));
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(readdirSync(folder)).toEqual(["faces.db"]);
});

test("a database of a newer format is refused unchanged, and the message says so", async () => {
  await fill(3);
  const content = patch(USER_VERSION, [0, 0, 0, 2]);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path }));
  await expect(openSqliteStore({ path })).rejects.toThrow(/newer version of countenance/);
  expect(readFileSync(path).equals(content)).toBe(true);
});

test("a database with a foreign trigger or a missing table is refused", async () => {
  await fill(1);
  await sql("CREATE TRIGGER spy AFTER INSERT ON face BEGIN DELETE FROM subject; END");
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path }));
  await sql("DROP TRIGGER spy");
  await (await openPrepared()).close();
  await sql("DROP TABLE membership");
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path }));
});

test("a truncated database is corrupt, at whatever page it was cut", async () => {
  await fill(200);
  const whole = readFileSync(path);
  for (const size of [100, 4096, 4097, 8192, whole.length / 2, whole.length - 4096]) {
    writeFileSync(path, whole);
    truncateSync(path, Math.floor(size));
    await failsWith("COUNTENANCE_STORE_CORRUPT", openPrepared);
  }
});

test("random damage ends in a typed error or in a store that answers", async () => {
  await fill(60);
  const whole = readFileSync(path);
  for (let round = 0; round < 60; round++) {
    const content = Buffer.from(whole);
    // A different page each time, past the header's magic and application id.
    const start = 100 + ((round * 7919) % (content.length - 700));
    content.fill((round * 37) & 0xff, start, start + 1 + ((round * 131) % 600));
    writeFileSync(path, content);
    try {
      const store = await openPrepared();
      try {
        await store.listSubjects({ limit: 100 });
        await store.search(vector(1), { k: 10 });
        await store.transaction(created("new", vector(1)));
      } finally {
        await store.close();
      }
    } catch (error) {
      expect(error).toMatchObject({
        code: expect.stringMatching(/^COUNTENANCE_(STORE_CORRUPT|INTERNAL|INVALID_ARGUMENT)$/),
      });
    }
    rmSync(`${path}-wal`, { force: true });
    rmSync(`${path}-shm`, { force: true });
  }
});

test("paths that cannot be used are invalid arguments", async () => {
  for (const bad of ["", ":memory:", join(folder, "missing", "faces.db"), folder, "a\0b"]) {
    await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => openSqliteStore({ path: bad }));
  }
});

test("a store of another model says which, and does not search", async () => {
  await fill(2);
  const store = await openSqliteStore({ path });
  const other = { ...MODEL, pipeline: "other" };
  expect(await store.prepare(other)).toEqual(MODEL);
  await failsWith("COUNTENANCE_MODEL_MISMATCH", () => store.search(vector(1), { k: 1 }));
  await failsWith("COUNTENANCE_MODEL_MISMATCH", () => store.transaction(created("x", vector(1))));
  expect((await store.listSubjects({ limit: 10 }))?.length).toBe(2);
  await store.close();
});

test("an opening that is aborted leaves no lock", async () => {
  await fill(50);
  for (let turns = 0; turns < 6; turns++) {
    const controller = new AbortController();
    const { signal } = controller;
    const opening = openSqliteStore({ path, signal }).then(async (store) => {
      await store.prepare(MODEL, { signal }).catch(() => undefined);
      await store.close();
    });
    for (let i = 0; i < turns; i++) await new Promise((go) => setImmediate(go));
    controller.abort();
    await opening.catch((error: unknown) => {
      expect(error).toMatchObject({ code: "COUNTENANCE_ABORTED" });
    });
    await (await openPrepared()).close();
  }
});

test("a full queue is busy, and what was accepted is written", async () => {
  const store = await openSqliteStore({ path, queueLimit: 5 });
  await store.prepare(MODEL);
  const results = await Promise.allSettled(
    Array.from({ length: 200 }, (_, i) => store.transaction(created(`s${String(i)}`, vector(i)))),
  );
  const accepted = results.filter(({ status }) => status === "fulfilled").length;
  for (const result of results) {
    if (result.status === "rejected") {
      expect(result.reason).toMatchObject({ code: "COUNTENANCE_BUSY" });
    }
  }
  expect(accepted).toBeLessThan(200);
  expect((await store.listSubjects({ limit: 1000 }))?.length).toBe(accepted);
  await store.close();
});

test("the check of a file tells what is in it, and finds damage", async () => {
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => checkSqliteStore(path));
  expect(readdirSync(folder)).toEqual([]);
  await fill(100);
  expect(await checkSqliteStore(path, { full: true })).toEqual({
    subjects: 100,
    faces: 100,
    model: "m",
  });
  await sql("UPDATE face SET vector = zeroblob(3) WHERE key = 7");
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => checkSqliteStore(path, { full: true }));
  await failsWith("COUNTENANCE_STORE_CORRUPT", openPrepared);
});

test("kill -9 leaves every acknowledged subject and no half one", async () => {
  const acknowledged = new Set<string>();
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [PROGRAM, path, String(round)]);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise((resolve) => child.once("close", resolve));
    while (!output.includes("\n") && child.exitCode === null) await sleep(5);
    await sleep(20 + 37 * round);
    child.kill("SIGKILL");
    await ended;
    for (const id of output.split("\n").slice(0, -1)) acknowledged.add(id);

    const report = await checkSqliteStore(path, { full: true });
    expect(report.faces).toBe(2 * report.subjects);
    const store = await openPrepared();
    for (const id of acknowledged) {
      const subject = await store.getSubject(id);
      expect(subject?.faces.length).toBe(2);
      expect(subject?.galleries).toEqual(["staff"]);
    }
    const search = await store.search(vector(0), { k: 1, gallery: "staff" });
    expect(search?.compared).toBe(report.faces);
    await store.close();
  }
  expect(acknowledged.size).toBeGreaterThan(20);
});
