import { CountenanceError } from "../errors.js";
import type { NativeDatabase, SqlRow, SqlStatement } from "../internal/native.js";
import { settle } from "../internal/task.js";
import { changesOfRow } from "./sqlite-changes.js";
import { fieldsOf } from "./sqlite-fields.js";
import { numberOf, textOf } from "./sqlite-rows.js";

/** Rows at a time. */
const PAGE = 1000;

type Read = (statement: SqlStatement) => Promise<readonly SqlRow[]>;

/**
 * Reads everything and looks whether it fits together.
 * @param format  Of the file.
 * @throws {CountenanceError} `STORE_CORRUPT`.
 */
export async function checkFully(
  database: NativeDatabase,
  format: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const read: Read = async (statement) => {
    const [rows = []] = await settle(() => database.read([statement]), signal);
    return rows;
  };
  const damage = await read({ sql: "PRAGMA integrity_check(1)" });
  const first = damage[0]?.["integrity_check"];
  if (first !== "ok") throw corrupt(String(first));
  const dangling = await read({ sql: "PRAGMA foreign_key_check" });
  if (dangling.length > 0) {
    throw corrupt(`${String(dangling.length)} rows refer to rows that are not there`);
  }
  await expectNone(
    read,
    "vectors have the wrong length",
    "SELECT count(*) AS wrong FROM face WHERE length(vector) <> 4 * (SELECT dimension FROM store)",
  );
  await expectNone(
    read,
    "members of galleries have another subject's id",
    "SELECT count(*) AS wrong FROM membership JOIN subject ON key = subject_key WHERE id <> subject_id",
  );
  await expectNone(
    read,
    "subjects were changed by a transaction that is still to come",
    "SELECT count(*) AS wrong FROM subject WHERE revision > (SELECT sequence FROM store)",
  );
  if (format < 2) return;
  await checkFields(read);
  await checkChangeLog(read);
}

async function expectNone(read: Read, what: string, sql: string): Promise<void> {
  const [row = {}] = await read({ sql });
  const wrong = numberOf(row, "wrong");
  if (wrong > 0) throw corrupt(`${String(wrong)} ${what}`);
}

/** What filters search by is what the metadata says. */
async function checkFields(read: Read): Promise<void> {
  for (let after = 0; ;) {
    const subjects = await read({
      sql: "SELECT key, metadata FROM subject WHERE key > ?1 ORDER BY key LIMIT ?2",
      params: [after, PAGE],
    });
    const last = subjects.at(-1);
    if (last === undefined) return;
    const params = [after, numberOf(last, "key")];
    const fields = await read({
      sql: "SELECT subject_key, name, value FROM field WHERE subject_key > ?1 AND subject_key <= ?2",
      params,
    });
    const expected = new Set<string>();
    for (const row of subjects) {
      const metadata = row["metadata"] === null ? undefined : textOf(row, "metadata");
      for (const field of fieldsOf(metadata)) expected.add(keyOf(numberOf(row, "key"), ...field));
    }
    const found = fields.map((row) =>
      keyOf(numberOf(row, "subject_key"), textOf(row, "name"), textOf(row, "value")),
    );
    if (found.length !== expected.size || !found.every((field) => expected.has(field))) {
      throw corrupt("what filters search by is not what the metadata says");
    }
    after = numberOf(last, "key");
  }
}

function keyOf(...field: readonly [key: number, name: string, value: string]): string {
  return JSON.stringify(field);
}

/** The log counts right, ends where the store is, and has every change of faces since it begins. */
async function checkChangeLog(read: Read): Promise<void> {
  const [log = {}] = await read({
    sql: "SELECT sequence, (SELECT count(*) FROM change_log) AS parts, (SELECT max(sequence) FROM change_log) AS newest FROM store",
  });
  if (numberOf(log, "parts") === 0 || numberOf(log, "newest") > numberOf(log, "sequence")) {
    throw corrupt("the log of changes does not end where the store is");
  }
  await expectNone(
    read,
    "subjects were changed without a trace in the log of changes",
    "SELECT count(*) AS wrong FROM subject WHERE revision > (SELECT min(sequence) FROM change_log) AND revision NOT IN (SELECT sequence FROM change_log)",
  );
  let before: { readonly sequence: number; readonly total: number } | undefined;
  let sequence = -1;
  let total = 0;
  let counted = 0;
  const endTransaction = (): void => {
    // What the oldest one changed is not needed any more, and may be missing.
    if (before !== undefined && total !== before.total + counted) {
      throw corrupt("the log of changes counts wrong");
    }
    if (sequence >= 0) before = { sequence, total };
    counted = 0;
  };
  for (let part = -1; ;) {
    const rows = await read({
      sql: "SELECT sequence, part, total, changes FROM change_log WHERE (sequence, part) > (?1, ?2) ORDER BY sequence, part LIMIT 100",
      params: [sequence, part],
    });
    if (rows.length === 0) break;
    for (const row of rows) {
      if (numberOf(row, "sequence") !== sequence) endTransaction();
      sequence = numberOf(row, "sequence");
      part = numberOf(row, "part");
      total = numberOf(row, "total");
      counted += changesOfRow(row).length;
    }
  }
  endTransaction();
}

function corrupt(detail: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_STORE_CORRUPT", `the database is damaged: ${detail}`);
}
