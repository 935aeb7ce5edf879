import { CountenanceError } from "../errors.js";
import type { NativeDatabase, SqlStatement } from "../internal/native.js";
import { settle } from "../internal/task.js";
import { insertFields } from "./sqlite-fields.js";
import { numberOf, textOf } from "./sqlite-rows.js";
import type { StoredModel } from "./store.js";

/** Written to the file as user_version. A file of a higher one is refused. */
const FORMAT = 2;

/**
 * Keys are given by the one process that owns the file, so that changes to the index can be sent
 * along with the rows. `revision` is the sequence of the last transaction that changed the subject's
 * faces: a transaction that was planned on an older one starts again. `subject_id` is repeated in
 * `membership` so that the members of a gallery are listed in order without sorting.
 */
const SCHEMA_1 = [
  `CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    model_id TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    sequence INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE subject (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    metadata TEXT,
    created_at_ms REAL NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  `CREATE TABLE face (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    subject_key INTEGER NOT NULL REFERENCES subject (key) ON DELETE CASCADE,
    vector BLOB NOT NULL,
    x REAL,
    y REAL,
    width REAL,
    height REAL,
    score REAL,
    created_at_ms REAL NOT NULL
  ) STRICT`,
  `CREATE INDEX face_subject ON face (subject_key)`,
  `CREATE TABLE gallery (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
  ) STRICT`,
  `CREATE TABLE membership (
    gallery_key INTEGER NOT NULL REFERENCES gallery (key) ON DELETE CASCADE,
    subject_id TEXT NOT NULL,
    subject_key INTEGER NOT NULL REFERENCES subject (key) ON DELETE CASCADE,
    PRIMARY KEY (gallery_key, subject_id)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX membership_subject ON membership (subject_key)`,
];

/**
 * `field` repeats what a filter can ask for of a subject's metadata; `value` is JSON text, so that 1,
 * "1" and true differ. `change_log` has one row for each thousand changes of a transaction; `total`
 * counts the changes of all transactions up to its own. What happened up to its oldest transaction
 * is not known any more.
 */
const SCHEMA_2 = [
  ...SCHEMA_1,
  `CREATE TABLE field (
    subject_key INTEGER NOT NULL REFERENCES subject (key) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (subject_key, name)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX field_value ON field (name, value)`,
  `CREATE TABLE change_log (
    sequence INTEGER NOT NULL,
    part INTEGER NOT NULL,
    total INTEGER NOT NULL,
    changes TEXT NOT NULL,
    PRIMARY KEY (sequence, part)
  ) STRICT, WITHOUT ROWID`,
];

/** By format. */
const SCHEMAS: readonly (readonly string[])[] = [[], SCHEMA_1, SCHEMA_2];

const BEGIN_LOG: SqlStatement = {
  sql: "INSERT INTO change_log (sequence, part, total, changes) SELECT sequence, 0, 0, '{}' FROM store",
  expectChanges: 1,
};
const SET_FORMAT: SqlStatement = { sql: `PRAGMA user_version = ${String(FORMAT)}` };

function corrupt(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_STORE_CORRUPT", message);
}

/**
 * Looks whether a database is ours, and of a format that this version knows; brings one of an older
 * format up to date, all or nothing.
 * @returns false for an empty one, which `createSchema` is to fill.
 */
export async function openSchema(database: NativeDatabase, signal?: AbortSignal): Promise<boolean> {
  const format = await formatOf(database, signal);
  if (format === 0) return false;
  if (format < FORMAT) await migrate(database, signal);
  return true;
}

/** The format of a database: 0 for an empty one. */
export async function formatOf(database: NativeDatabase, signal?: AbortSignal): Promise<number> {
  const [versions, tables] = await settle(
    () =>
      database.read([
        { sql: "PRAGMA user_version" },
        { sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid" },
      ]),
    signal,
  );
  const version = versions?.[0]?.["user_version"];
  const found = (tables ?? []).map((row) => row["sql"]);
  if (typeof version === "number" && version > FORMAT) {
    throw corrupt(
      `the database has format ${String(version)}, made by a newer version of countenance; this one reads format ${String(FORMAT)}`,
    );
  }
  const expected = typeof version === "number" ? SCHEMAS[version] : undefined;
  // Also what was put in by somebody else, such as a trigger, is not ours.
  if (
    expected === undefined ||
    found.length !== expected.length ||
    !expected.every((sql) => found.includes(sql))
  ) {
    throw corrupt("the tables of the database are not those of countenance");
  }
  return Number(version);
}

/** How many subjects are read at a time. */
const PAGE = 10_000;

/**
 * From format 1: the fields of metadata, and a log of changes that begins now. Nobody else writes
 * meanwhile, so what is read page by page is what the one transaction at the end finds.
 */
async function migrate(database: NativeDatabase, signal?: AbortSignal): Promise<void> {
  const fields: SqlStatement[] = [];
  for (let after = 0; ;) {
    const sql =
      "SELECT key, metadata FROM subject WHERE key > ?1 AND metadata IS NOT NULL ORDER BY key LIMIT ?2";
    const page = { sql, params: [after, PAGE] };
    const [rows = []] = await settle(() => database.read([page]), signal);
    fields.push(
      ...insertFields(rows.map((row) => [numberOf(row, "key"), textOf(row, "metadata")])),
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    after = numberOf(last, "key");
  }
  const tables = SCHEMA_2.filter((sql) => !SCHEMA_1.includes(sql)).map((sql) => ({ sql }));
  const statements = [...tables, ...fields, BEGIN_LOG, SET_FORMAT];
  await settle(() => database.write({ statements }), signal);
}

export async function createSchema(
  database: NativeDatabase,
  model: StoredModel,
  signal?: AbortSignal,
): Promise<void> {
  const pin: SqlStatement = {
    sql: "INSERT INTO store (id, model_id, pipeline, dimension, sequence) VALUES (1, ?1, ?2, ?3, 0)",
    params: [model.modelId, model.pipeline, model.dimension],
    expectChanges: 1,
  };
  const statements = [...SCHEMA_2.map((sql) => ({ sql })), pin, BEGIN_LOG, SET_FORMAT];
  await settle(() => database.write({ statements }), signal);
}
