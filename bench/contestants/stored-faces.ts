// Our SQLite store, with the vectors of search_data as the faces of as many people.
//   node stored-faces.js fill <db> <prefix> <dimension> <rows>
//                           makes it by bulk and ends: an iteration is nothing, the facts are all
//   node stored-faces.js open <db> <prefix> <dimension> <rows>
//                           opens it; an iteration is a search of the ten nearest
//   node stored-faces.js change <db> <prefix> <dimension>
//                           adds some and deletes them, 64 in flight, and ends
//   node stored-faces.js write <db> <prefix> <dimension> <at once>
//                           an iteration is one person with one face, awaited
//   node stored-faces.js sync <file>
//                           an iteration is 4 KiB over what is there, and fdatasync
import { closeSync, fdatasyncSync, fsyncSync, openSync, statSync, writeSync } from "node:fs";

import { openSqliteStore, type Store, type StoreOperation } from "../../src/index.js";
import { serve, type Loaded } from "../serve.js";
import { nameOf, person, write } from "../store/people.js";
import { readBase, readQueries } from "../vector-file.js";

const NEAREST = 10;
const ANSWERS = 20;
/** People of one transaction when there are many to write, and transactions under way. */
const BATCH = 1000;
const BATCHES = 8;
/** Faces that are added and then deleted, one transaction each, for a rate. */
const CHANGES = 4000;
const CHANGES_AT_ONCE = 64;
const PAGE = 4096;
const SYNC_BYTES = 8 << 20;

const [mode = "", path = "", prefix = "", ...rest] = process.argv.slice(2);
const [dimension = 0, rows = 0] = rest.map(Number);

async function openStore(): Promise<Store> {
  const store = await openSqliteStore({ path });
  await store.prepare({ modelId: "bench", pipeline: "bench", dimension });
  return store;
}

/** Calls `each` with 0..count - 1, some at a time; per second. */
async function rateOf(
  count: number,
  atOnce: number,
  each: (i: number) => Promise<void>,
): Promise<number> {
  const start = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < count) await each(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (1000 * count) / (performance.now() - start);
}

async function fill(): Promise<Loaded> {
  const store = await openStore();
  const base = readBase({ prefix, dimension }, rows);
  const batches = Math.ceil(rows / BATCH);
  const rate = await rateOf(batches, BATCHES, async (batch) => {
    const operations: StoreOperation[] = [];
    for (let row = batch * BATCH; row < Math.min(rows, (batch + 1) * BATCH); row++) {
      const vector = base.subarray(row * dimension, (row + 1) * dimension);
      operations.push(...person(nameOf(row), vector));
    }
    await write(store, operations);
  });
  await store.close();
  const facts = { bulkPerSecond: (rate * rows) / batches, fileBytes: statSync(path).size };
  return { note: "bulk", facts, step: async () => [] };
}

async function open(): Promise<Loaded> {
  const before = process.memoryUsage.rss();
  const start = performance.now();
  const store = await openStore();
  const openMs = performance.now() - start;
  const rssBytes = process.memoryUsage.rss() - before;
  const queries = readQueries({ prefix, dimension });
  const query = (i: number) => queries[i % queries.length] ?? new Float32Array();
  return {
    note: `SQLite store of ${rows.toLocaleString("en")} faces`,
    jobs: ANSWERS,
    facts: { openMs, rssBytes },
    step: async (i) => {
      const found = await store.search(query(i), { k: NEAREST });
      return (found?.hits ?? []).map(({ subjectId }) => Number(subjectId.slice("person-".length)));
    },
  };
}

async function changing(): Promise<Loaded> {
  const store = await openStore();
  const queries = readQueries({ prefix, dimension });
  const addedPerSecond = await rateOf(CHANGES, CHANGES_AT_ONCE, (i) =>
    write(store, person(`new-${String(i)}`, queries[i % queries.length] ?? new Float32Array())),
  );
  const deletedPerSecond = await rateOf(CHANGES, CHANGES_AT_ONCE, (i) =>
    write(store, [{ kind: "delete-subject", subjectId: `new-${String(i)}` }]),
  );
  await store.close();
  return { note: "changes", facts: { addedPerSecond, deletedPerSecond }, step: async () => [] };
}

async function writing(): Promise<Loaded> {
  const store = await openStore();
  const queries = readQueries({ prefix, dimension });
  const atOnce = rows; // its place among the arguments
  let people = 0;
  return {
    note: `one person and face per transaction, ${String(atOnce)} in flight`,
    step: async (i) => {
      const vector = queries[i % queries.length] ?? new Float32Array();
      await write(store, person(nameOf(people++), vector));
      return [];
    },
  };
}

async function syncing(): Promise<Loaded> {
  const descriptor = openSync(path, "w");
  const page = Buffer.alloc(PAGE, 1);
  writeSync(descriptor, Buffer.alloc(SYNC_BYTES));
  fsyncSync(descriptor);
  process.on("exit", () => closeSync(descriptor));
  return {
    note: "4 KiB over what is there, then fdatasync",
    step: async (i) => {
      writeSync(descriptor, page, 0, PAGE, (i * PAGE) % SYNC_BYTES);
      fdatasyncSync(descriptor);
      return [];
    },
  };
}

const loaders: Readonly<Record<string, () => Promise<Loaded>>> = {
  fill,
  open,
  change: changing,
  write: writing,
  sync: syncing,
};
const load = loaders[mode];
if (load === undefined) throw new Error(`error: no mode is called ${mode}`);
await serve(load, { atOnce: mode === "write" ? rows : 1 });
