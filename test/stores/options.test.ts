import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { chdir, cwd } from "node:process";

import { expect, test } from "vitest";

import { native } from "../../src/internal/native.js";
import { createMemoryStore, type MemoryStoreOptions } from "../../src/stores/memory.js";
import {
  checkSqliteStore,
  openSqliteStore,
  type SqliteStoreOptions,
} from "../../src/stores/sqlite.js";
import { failsWith, MODEL } from "../../src/testing/records.js";
import { DatabasePlace } from "./database-place.js";

const place = new DatabasePlace();

test("paths that cannot be used are invalid arguments", async () => {
  for (const bad of [
    "",
    ":memory:",
    join(place.folder, "missing", "faces.db"),
    place.folder,
    "a\0b",
  ]) {
    await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => openSqliteStore({ path: bad }));
  }
});

test("a relative path counts from the folder at the time of the call", async () => {
  const before = cwd();
  const elsewhere = join(place.folder, "elsewhere");
  mkdirSync(elsewhere);
  chdir(place.folder);
  try {
    const opening = openSqliteStore({ path: "faces.db" });
    chdir(elsewhere);
    await (await opening).close();
    chdir(place.folder);
    const checking = checkSqliteStore(relative(place.folder, place.path));
    chdir(elsewhere);
    await checking;
  } finally {
    chdir(before);
  }
  expect(readdirSync(elsewhere)).toEqual([]);
  expect(readdirSync(place.folder).sort()).toEqual(["elsewhere", basename(place.path)]);
});

test("what follows a symbolic link in a path is the system's to resolve", async () => {
  const inner = join(place.folder, "a", "inner");
  mkdirSync(inner, { recursive: true });
  symlinkSync(inner, join(place.folder, "link"));
  const store = await openSqliteStore({ path: `${place.folder}/link/../here.db` });
  await store.close();
  expect(readdirSync(join(place.folder, "a")).sort()).toEqual(["here.db", "inner"]);
});

test("an error about a file does not hold its path", async () => {
  const path = join(place.folder, "missing", "grace.db");
  for (const call of [() => openSqliteStore({ path }), () => checkSqliteStore(path)]) {
    await expect(call()).rejects.toThrow(/^path: /);
    await expect(call()).rejects.not.toThrow(/grace/);
  }
});

// What JavaScript callers can pass.
const badSqlite: readonly unknown[] = [
  undefined,
  null,
  {},
  [],
  "faces.db",
  { path: 5 },
  { path: "faces.db", reader: 2 },
  ...[0, 65, 1.5, "2", null].map((readers) => ({ path: "faces.db", readers })),
  ...[0, -1, 2 ** 20 + 1, NaN, "x"].map((queueLimit) => ({ path: "faces.db", queueLimit })),
  { path: "faces.db", signal: 5 },
];
test("options that openSqliteStore does not know are invalid arguments", async () => {
  for (const bad of badSqlite) {
    await failsWith("COUNTENANCE_INVALID_ARGUMENT", () =>
      openSqliteStore(bad as SqliteStoreOptions),
    );
  }
});

test("options that checkSqliteStore does not know are invalid arguments", async () => {
  for (const bad of [null, 5, { full: 1 }, { signal: {} }, { fast: true }]) {
    await failsWith("COUNTENANCE_INVALID_ARGUMENT", () =>
      checkSqliteStore(place.path, bad as { full?: boolean }),
    );
  }
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => checkSqliteStore(5 as never));
});

test("options that createMemoryStore does not know are invalid arguments", async () => {
  const bad: readonly unknown[] = [
    null,
    5,
    { limit: 1 },
    ...[0, -1, 1e12, 1.5, "x", null].map((queueLimit) => ({ queueLimit })),
  ];
  for (const options of bad) {
    await failsWith("COUNTENANCE_INVALID_ARGUMENT", () =>
      Promise.resolve().then(() => createMemoryStore(options as MemoryStoreOptions)),
    );
  }
  for (const queueLimit of [1, 2 ** 20]) {
    const store = createMemoryStore({ queueLimit });
    await store.prepare(MODEL);
    await store.close();
  }
});

test("an index that is closed has forgotten its vectors", async () => {
  const index = native().createIndex({ dimension: 2, threads: 1, queueLimit: 1 });
  const keys = Float64Array.of(1);
  await index.apply({ add: { keys, groups: keys, vectors: Float32Array.of(1, 2) } }).done;
  expect(index.size).toBe(1);
  index.close();
  expect(index.size).toBe(0);
});
