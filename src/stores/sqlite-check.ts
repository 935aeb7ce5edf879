import { existsSync } from "node:fs";

import { CountenanceError } from "../errors.js";
import { native, type NativeDatabase, type SqlRow, type SqlStatement } from "../internal/native.js";
import { settle } from "../internal/task.js";
import { optionalBoolean, optionalSignal, plainOptions } from "../internal/validate.js";
import { databasePathOf } from "./options.js";
import { checkFully } from "./sqlite-full-check.js";
import { numberOf, textOf } from "./sqlite-rows.js";
import { formatOf } from "./sqlite-schema.js";

export interface SqliteStoreReport {
  readonly subjects: number;
  readonly faces: number;
  /** The id of the model that the store is pinned to; undefined for a store without tables yet. */
  readonly model: string | undefined;
}

/**
 * Looks whether a database file can be used, without loading it. It must not be in use.
 * @param options  `full` reads every page and checks every reference, what filters search by, and the
 *   log of changes.
 * @throws {CountenanceError} as `openSqliteStore`; `STORE_CORRUPT` also for what `full` finds.
 */
export async function checkSqliteStore(
  path: string,
  options?: { readonly full?: boolean; readonly signal?: AbortSignal },
): Promise<SqliteStoreReport> {
  const given = plainOptions("options", options, ["full", "signal"]);
  const full = optionalBoolean("full", given.full) ?? false;
  const signal = optionalSignal("signal", given.signal);
  const file = databasePathOf(path);
  if (!existsSync(file)) {
    throw new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", "path: there is no such file");
  }
  const database = await settle(
    () => native().openDatabase(file, { readers: 1, queueLimit: 10 }),
    signal,
  );
  try {
    const format = await formatOf(database, signal);
    if (format === 0) return { subjects: 0, faces: 0, model: undefined };
    if (full) await checkFully(database, format, signal);
    const [row = {}] = await rowsOf(
      database,
      {
        sql: "SELECT model_id, (SELECT count(*) FROM subject) AS subjects, (SELECT count(*) FROM face) AS faces FROM store",
      },
      signal,
    );
    return {
      subjects: numberOf(row, "subjects"),
      faces: numberOf(row, "faces"),
      model: textOf(row, "model_id"),
    };
  } finally {
    await settle(() => database.close());
  }
}

async function rowsOf(
  database: NativeDatabase,
  statement: SqlStatement,
  signal: AbortSignal | undefined,
): Promise<readonly SqlRow[]> {
  const [rows = []] = await settle(() => database.read([statement]), signal);
  return rows;
}
