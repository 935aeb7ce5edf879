import { CountenanceError } from "../errors.js";
import type { NativeDatabase, SqlStatement } from "../internal/native.js";
import { settle } from "../internal/task.js";
import type { StoredModel } from "./store.js";

/** Written to the file as user_version. A file of a higher one is refused. */
const FORMAT = 1;

/**
 * Keys are given by the one process that owns the file, so that changes to the index can be sent
 * along with the rows. `revision` is the sequence of the last transaction that changed the subject's
 * faces: a transaction that was planned on an older one starts again. `subject_id` is repeated in
 * `membership` so that the members of a gallery are listed in order without sorting.
 */
const SCHEMA = [
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

function corrupt(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_STORE_CORRUPT", message);
}

/**
 * Looks whether a database is ours, and of a format that this version knows.
 * @returns false for an empty one, which `createSchema` is to fill.
 */
export async function hasSchema(database: NativeDatabase, signal?: AbortSignal): Promise<boolean> {
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
  if (version === 0 && found.length === 0) return false;
  if (typeof version === "number" && version > FORMAT) {
    throw corrupt(
      `the database has format ${String(version)}, made by a newer version of countenance; this one reads format ${String(FORMAT)}`,
    );
  }
  // Also what was put in by somebody else, such as a trigger, is not ours.
  if (
    version !== FORMAT ||
    found.length !== SCHEMA.length ||
    !SCHEMA.every((sql) => found.includes(sql))
  ) {
    throw corrupt("the tables of the database are not those of countenance");
  }
  return true;
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
  const statements = [
    ...SCHEMA.map((sql) => ({ sql })),
    pin,
    { sql: `PRAGMA user_version = ${String(FORMAT)}` },
  ];
  await settle(() => database.write({ statements }), signal);
}
