import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";

import { expect, test } from "vitest";

import { native } from "../../src/internal/native.js";
import { checkSqliteStore, openSqliteStore } from "../../src/stores/sqlite.js";
import { created, failsWith, vector } from "../../src/testing/records.js";
import { DatabasePlace } from "./database-place.js";

// Places in the header of a SQLite file (its file format, section 1.3).
const WRITE_VERSION = 18;
const READ_VERSION = 19;
const SCHEMA_FORMAT = 44;
const USER_VERSION = 60;
const APPLICATION_ID = 68;

const place = new DatabasePlace();

test.each([
  ["one byte", Buffer.from("x")],
  ["text", Buffer.from("no database, but a diary ".repeat(1000))],
  ["zeros", Buffer.alloc(8192)],
])("a file of %s is corrupt, and nothing in the folder changes", async (_, content) => {
  writeFileSync(place.path, content);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path: place.path }));
  expect(readdirSync(place.folder)).toEqual(["faces.db"]);
  expect(readFileSync(place.path).equals(content)).toBe(true);
});

test("another program's database is refused unchanged", async () => {
  await place.fill(3);
  const content = place.patch(APPLICATION_ID, [0, 0, 0, 0]);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path: place.path }));
  expect(readFileSync(place.path).equals(content)).toBe(true);
  expect(readdirSync(place.folder)).toEqual(["faces.db"]);
});

test("a database of a newer format is refused unchanged, and the message says so", async () => {
  await place.fill(3);
  const content = place.patch(USER_VERSION, [0, 0, 0, 3]);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path: place.path }));
  await expect(openSqliteStore({ path: place.path })).rejects.toThrow(
    /newer version of countenance/,
  );
  expect(readFileSync(place.path).equals(content)).toBe(true);
});

test("a database with a foreign trigger or a missing table is refused", async () => {
  await place.fill(1);
  await place.sql("CREATE TRIGGER spy AFTER INSERT ON face BEGIN DELETE FROM subject; END");
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path: place.path }));
  await place.sql("DROP TRIGGER spy");
  await (await place.openPrepared()).close();
  await place.sql("DROP TABLE membership");
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path: place.path }));
});

test("a truncated database is corrupt, at whatever page it was cut", async () => {
  await place.fill(200);
  const whole = readFileSync(place.path);
  for (const size of [100, 4096, 4097, 8192, whole.length / 2, whole.length - 4096]) {
    writeFileSync(place.path, whole);
    truncateSync(place.path, Math.floor(size));
    await failsWith("COUNTENANCE_STORE_CORRUPT", () => place.openPrepared());
  }
});

test("random damage ends in a typed error or in a store that answers", async () => {
  await place.fill(60);
  const whole = readFileSync(place.path);
  for (let round = 0; round < 60; round++) {
    const content = Buffer.from(whole);
    // A different page each time, past the header's magic and application id.
    const start = 100 + ((round * 7919) % (content.length - 700));
    content.fill((round * 37) & 0xff, start, start + 1 + ((round * 131) % 600));
    writeFileSync(place.path, content);
    try {
      const store = await place.openPrepared();
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
    rmSync(`${place.path}-wal`, { force: true });
    rmSync(`${place.path}-shm`, { force: true });
  }
});

test("the check of a file tells what is in it, and finds damage", async () => {
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => checkSqliteStore(place.path));
  expect(readdirSync(place.folder)).toEqual([]);
  await place.fill(100);
  expect(await checkSqliteStore(place.path, { full: true })).toEqual({
    subjects: 100,
    faces: 100,
    model: "m",
  });
  await place.sql("UPDATE face SET vector = zeroblob(3) WHERE key = 7");
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => checkSqliteStore(place.path, { full: true }));
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => place.openPrepared());
});

test.each([
  ["a field that no metadata has", "INSERT INTO field VALUES (3, 'x', '1')"],
  ["a field with another value", "UPDATE field SET value = '8' WHERE subject_key = 3"],
  ["a missing field", "DELETE FROM field WHERE subject_key = 3"],
  ["a missing change", "DELETE FROM change_log WHERE sequence = 3"],
  ["a change too many", "UPDATE change_log SET total = total + 1 WHERE sequence >= 3"],
  ["a log that says nothing", "UPDATE change_log SET changes = '[]' WHERE sequence = 3"],
  ["a log that is gone", "DELETE FROM change_log"],
  ["a member under another name", "UPDATE membership SET subject_id = 'x' WHERE subject_key = 3"],
  ["a subject from the future", "UPDATE subject SET revision = 1000 WHERE key = 3"],
])("the full check finds %s", async (_, damage) => {
  const store = await place.openPrepared();
  for (let i = 0; i < 6; i++) {
    const id = `s${String(i)}`;
    const [create, ...rest] = created(id, vector(i), "staff");
    expect(create?.kind).toBe("create-subject");
    const subject = { id, metadata: { n: i }, createdAtMs: 1 };
    await store.transaction([{ kind: "create-subject", subject }, ...rest]);
  }
  await store.close();
  await checkSqliteStore(place.path, { full: true });
  await place.sql(damage);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => checkSqliteStore(place.path, { full: true }));
});

test("a store that lags behind its own changes is not opened", async () => {
  await place.fill(3);
  await place.sql("UPDATE store SET sequence = 2");
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => place.openPrepared());
});

test.each([
  ["write version", WRITE_VERSION, [9]],
  ["read version", READ_VERSION, [9]],
  ["schema format", SCHEMA_FORMAT, [0, 0, 0, 9]],
])("a %s that no SQLite knows is corrupt, and the file unchanged", async (_, offset, bytes) => {
  await place.fill(3);
  const content = place.patch(offset, bytes);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path: place.path }));
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => checkSqliteStore(place.path));
  expect(readFileSync(place.path).equals(content)).toBe(true);
});

/**
 * Makes a database of ours with a table whose condition is 1+1+ ... with `terms` additions. SQLite
 * would not make one: a comment of the same length is overwritten in the file.
 */
async function makeDeepExpression(terms: number): Promise<void> {
  const filler = "~".charCodeAt(0);
  await place.sql(`CREATE TABLE t (x, CHECK (1/*${"~".repeat(2 * terms)}*/))`);
  const content = readFileSync(place.path);
  let written = 0;
  const write = (at: number): void => {
    content[at] = "+1".charCodeAt(written++ % 2);
  };
  for (let at = 0; at < content.length; at++) {
    const isPointer = at >= 4096 && at % 4096 < 4; // of an overflow page, to the next one
    if (!isPointer && content[at] === filler) write(at);
    else if (content.toString("latin1", at, at + 3) === "1/*") content.fill(" ", at + 1, at + 3);
    else if (content.toString("latin1", at, at + 3) === "*/)") content.fill(" ", at, at + 2);
  }
  expect(written).toBe(2 * terms);
  writeFileSync(place.path, content);
}

test("a table with a giant expression is corrupt, and does not exhaust the stack", async () => {
  await makeDeepExpression(20);
  const database = await native().openDatabase(place.path, { readers: 1, queueLimit: 1 }).done;
  await database.close().done; // so the file is otherwise sound
  rmSync(place.path);
  await makeDeepExpression(450_000);
  await failsWith("COUNTENANCE_STORE_CORRUPT", () => openSqliteStore({ path: place.path }));
});
