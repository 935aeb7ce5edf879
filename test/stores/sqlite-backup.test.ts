import {
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { checkSqliteStore, openSqliteStore } from "../../src/stores/sqlite.js";
import { commit, created, DIMENSION, failsWith, MODEL, vector } from "../../src/testing/records.js";
import { DatabasePlace } from "./database-place.js";

const place = new DatabasePlace();

test("a backup is the store at one moment, while transactions and searches go on", async () => {
  const store = await place.openPrepared();
  const copy = join(place.folder, "copy.db");
  for (let i = 0; i < 300; i++) await pair(i);
  let done = false;
  const backup = store.backup(copy).then(() => (done = true));
  let after = 300;
  while (!done) {
    await pair(after++);
    const found = await store.search(vector(0), { k: 1 });
    expect(found?.compared).toBe(2 * after);
  }
  await backup;
  await store.close();
  expect(after).toBeGreaterThan(300);
  expect(readdirSync(place.folder).sort()).toEqual(["copy.db", "faces.db"]);
  expect(statSync(copy).mode & 0o777).toBe(0o600);

  const { subjects, faces } = await checkSqliteStore(copy, { full: true });
  expect(faces).toBe(subjects);
  expect(subjects % 2).toBe(0);
  expect(subjects).toBeGreaterThanOrEqual(600);
  const restored = await openSqliteStore({ path: copy });
  expect(await restored.prepare(MODEL)).toEqual(MODEL);
  const found = await restored.search(vector(0), { k: 2, gallery: "staff", filter: { n: 7 } });
  expect(found?.hits.map((hit) => hit.subjectId)).toEqual(["a7", "b7"]);
  expect(found?.compared).toBe(2);
  await commit(restored, created("new", vector(1)));
  await restored.close();

  async function pair(i: number): Promise<void> {
    const [a, b] = [`a${String(i)}`, `b${String(i)}`];
    await commit(store, [
      ...created(a, vector(i), "staff"),
      { kind: "set-metadata", subjectId: a, metadata: { n: i } },
      ...created(b, vector(i, 1), "staff"),
      { kind: "set-metadata", subjectId: b, metadata: { n: i } },
    ]);
  }
});

test("a backup never replaces a file unless it is told to, and never an open store", async () => {
  const store = await place.openPrepared();
  await commit(store, created("ada", vector(1)));
  const copy = join(place.folder, "copy.db");
  writeFileSync(copy, "dear");
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.backup(copy));
  expect(readFileSync(copy, "utf8")).toBe("dear");
  for (const overwrite of [false, true]) {
    await failsWith("COUNTENANCE_STORE_LOCKED", () => store.backup(place.path, { overwrite }));
  }
  await store.backup(copy, { overwrite: true });
  writeFileSync(`${copy}-wal`, "of a store that was killed");
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.backup(copy, { overwrite: true }));
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.backup(join(copy, "x")));
  await failsWith("COUNTENANCE_STORE_READ_ONLY", () => store.backup("/sys/copy.db"));
  expect(
    readdirSync(place.folder)
      .filter((name) => !name.startsWith("faces.db"))
      .sort(),
  ).toEqual(["copy.db", "copy.db-wal"]);
  await store.close();
  await failsWith("COUNTENANCE_STORE_CLOSED", () => store.backup(join(place.folder, "late.db")));
});

test.each(["-wal", "-shm", "-journal", "-lock", "-partial"])(
  "no backup is named like the file %s of a database",
  async (suffix) => {
    const store = await place.openPrepared();
    await commit(store, created("ada", vector(1)));
    const backup = store.backup(join(place.folder, `other.db${suffix}`), { overwrite: true });
    await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => backup);
    await store.close();
    expect(readdirSync(place.folder)).toEqual(["faces.db"]);
  },
);

test("a backup is of the database that is open, wherever its name leads by now", async () => {
  const link = join(place.folder, "current.db");
  symlinkSync(join(place.folder, "first.db"), link);
  writeFileSync(join(place.folder, "first.db"), "");
  const store = await openSqliteStore({ path: link });
  await store.prepare(MODEL);
  await commit(store, created("ada", vector(1)));
  symlinkSync(join(place.folder, "second.db"), `${link}.new`);
  renameSync(`${link}.new`, link);
  await store.backup(join(place.folder, "copy.db"));
  await store.close();
  expect((await checkSqliteStore(join(place.folder, "copy.db"))).subjects).toBe(1);
});

test("a backup that is aborted leaves nothing, and the store goes on", async () => {
  const store = await place.openPrepared();
  const faces = (first: number) =>
    Array.from({ length: 5000 }, (_, i) => created(`s${String(first + i)}`, vector(i))).flat();
  for (let batch = 0; batch < 4; batch++) await commit(store, faces(batch * 5000));
  const copy = join(place.folder, "copy.db");
  let aborted = 0;
  for (const delay of [0, 1, 5, 10]) {
    const signal = AbortSignal.timeout(delay);
    await store.backup(copy, { signal, overwrite: true }).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "COUNTENANCE_ABORTED" });
      aborted++;
      expect(readdirSync(place.folder).filter((name) => name.startsWith("copy"))).toEqual([]);
    });
  }
  expect(aborted).toBeGreaterThan(0);
  await store.backup(copy, { overwrite: true });
  await store.close();
  expect((await checkSqliteStore(copy, { full: true })).subjects).toBe(20_000);
});

test("what was deleted is not in a backup", async () => {
  const store = await place.openPrepared();
  const secret = vector(...Array.from({ length: DIMENSION }, (_, i) => 0.123456 + i));
  for (let i = 0; i < 50; i++) await commit(store, created(`s${String(i)}`, vector(i)));
  await commit(store, created("ada", secret));
  const bytes = Buffer.from(secret.buffer);
  await store.backup(join(place.folder, "before.db"));
  await commit(store, [{ kind: "delete-subject", subjectId: "ada" }]);
  await store.backup(join(place.folder, "after.db"));
  await store.close();
  expect(readFileSync(join(place.folder, "before.db")).includes(bytes)).toBe(true);
  expect(readFileSync(join(place.folder, "after.db")).includes(bytes)).toBe(false);
});
