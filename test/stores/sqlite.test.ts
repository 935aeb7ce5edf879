import { spawn, spawnSync } from "node:child_process";
import { linkSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { native } from "../../src/internal/native.js";
import { checkSqliteStore, openSqliteStore } from "../../src/stores/sqlite.js";
import { created, failsWith, MODEL, vector } from "../../src/testing/records.js";
import { DatabasePlace } from "./database-place.js";

const PROGRAM = fileURLToPath(new URL("../fixtures/programs/write-store.mjs", import.meta.url));

const place = new DatabasePlace();

test("what was acknowledged is there after reopening, and the sequence goes on", async () => {
  const first = await place.openPrepared();
  const result = await first.transaction(created("ada", vector(1, 2), "staff"));
  const before = await first.getSubject("ada");
  await first.close();
  expect(readdirSync(place.folder)).toEqual(["faces.db"]);

  const second = await place.openPrepared();
  expect(await second.getSubject("ada")).toEqual(before);
  const found = await second.search(vector(1, 2), { k: 5, gallery: "staff" });
  expect(found?.hits[0]).toMatchObject({ subjectId: "ada", vector: vector(1, 2) });
  const next = await second.transaction(created("bob", vector(3)));
  expect(result.committed && next.committed && next.sequence > result.sequence).toBe(true);
  await second.close();
});

test("the files are readable by their owner only", async () => {
  const store = await place.openPrepared();
  for (const name of readdirSync(place.folder)) {
    expect(statSync(join(place.folder, name)).mode & 0o777).toBe(0o600);
  }
  await store.close();
});

test("a second handle is refused at once, under another name of the file too", async () => {
  const store = await place.openPrepared();
  await failsWith("COUNTENANCE_STORE_LOCKED", () => openSqliteStore({ path: place.path }));
  await expect(openSqliteStore({ path: place.path })).rejects.toThrow(
    new RegExp(`in use by process ${String(process.pid)} since 20\\d\\d-\\d\\d-\\d\\dT[\\d:]+Z`),
  );
  symlinkSync(place.path, join(place.folder, "link.db"));
  await failsWith("COUNTENANCE_STORE_LOCKED", () =>
    openSqliteStore({ path: join(place.folder, "link.db") }),
  );
  await failsWith("COUNTENANCE_STORE_LOCKED", () => checkSqliteStore(place.path));
  await store.transaction(created("ada", vector(1)));
  await store.close();
  await (await place.openPrepared()).close();
});

test("a file with several names is refused, and its open handle is not disturbed", async () => {
  const store = await place.openPrepared();
  const other = join(place.folder, "other.db");
  linkSync(place.path, other);
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => openSqliteStore({ path: other }));
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => checkSqliteStore(other));
  await store.transaction(created("ada", vector(1)));
  await store.close();
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => place.openPrepared());
  expect(readdirSync(place.folder).sort()).toEqual(["faces.db", "other.db"]);
});

test("a close that is cancelled closes all the same", async () => {
  const database = await native().openDatabase(place.path, { readers: 1, queueLimit: 10 }).done;
  const closing = database.close();
  closing.cancel();
  await closing.done;
  await (await place.openPrepared()).close();
});

test("another process is refused while a store is open", async () => {
  const store = await place.openPrepared();
  const child = spawnSync(process.execPath, [PROGRAM, place.path, "x"], { encoding: "utf8" });
  expect(child.stdout).toBe("COUNTENANCE_STORE_LOCKED\n");
  await store.close();
});

test("a store of another model says which, and does not search", async () => {
  await place.fill(2);
  const store = await openSqliteStore({ path: place.path });
  const other = { ...MODEL, pipeline: "other" };
  expect(await store.prepare(other)).toEqual(MODEL);
  await failsWith("COUNTENANCE_MODEL_MISMATCH", () => store.search(vector(1), { k: 1 }));
  await failsWith("COUNTENANCE_MODEL_MISMATCH", () => store.transaction(created("x", vector(1))));
  expect((await store.listSubjects({ limit: 10 }))?.length).toBe(2);
  await store.close();
});

test("an opening that is aborted leaves no lock", async () => {
  await place.fill(50);
  for (let turns = 0; turns < 6; turns++) {
    const controller = new AbortController();
    const { signal } = controller;
    const opening = openSqliteStore({ path: place.path, signal }).then(async (store) => {
      await store.prepare(MODEL, { signal }).catch(() => undefined);
      await store.close();
    });
    for (let i = 0; i < turns; i++) await new Promise((go) => setImmediate(go));
    controller.abort();
    await opening.catch((error: unknown) => {
      expect(error).toMatchObject({ code: "COUNTENANCE_ABORTED" });
    });
    await (await place.openPrepared()).close();
  }
});

test("a full queue is busy, and what was accepted is written", async () => {
  // One may wait, and calls come far faster than a commit ends: no disk keeps up with a thousand.
  const store = await openSqliteStore({ path: place.path, readers: 1, queueLimit: 1 });
  await store.prepare(MODEL);
  const results = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, i) => store.transaction(created(`s${String(i)}`, vector(i)))),
  );
  const accepted = results.filter(({ status }) => status === "fulfilled").length;
  for (const result of results) {
    if (result.status === "rejected") {
      expect(result.reason).toMatchObject({ code: "COUNTENANCE_BUSY" });
    }
  }
  expect(accepted).toBeLessThan(1000);
  expect((await store.listSubjects({ limit: 1000 }))?.length).toBe(accepted);
  await store.close();
});

test("kill -9 leaves every acknowledged subject and no half one", async () => {
  const acknowledged = new Set<string>();
  for (let round = 0; round < 6; round++) {
    const child = spawn(process.execPath, [PROGRAM, place.path, String(round)]);
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const ended = new Promise((resolve) => child.once("close", resolve));
    while (!output.includes("\n") && child.exitCode === null) await sleep(5);
    await sleep(20 + 37 * round);
    child.kill("SIGKILL");
    await ended;
    for (const id of output.split("\n").slice(0, -1)) acknowledged.add(id);

    const report = await checkSqliteStore(place.path, { full: true });
    expect(report.faces).toBe(2 * report.subjects);
    const store = await place.openPrepared();
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
