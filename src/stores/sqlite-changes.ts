import { CountenanceError } from "../errors.js";
import type { SqlRow, SqlStatement } from "../internal/native.js";
import { isPlainObject } from "../internal/validate.js";
import { KEPT_CHANGES } from "./checks.js";
import { numberOf, textOf } from "./sqlite-rows.js";
import type { Change, ChangePage } from "./store.js";

/** Changes in one row of the log: ids are up to 1 kB each, and a row is read whole. */
const PART = 1000;
/** How many changes may wait to be dropped. A multiple of them is dropped at a time. */
export const CHANGES_BETWEEN_TRIMS = 1000;

/** Adds what a transaction changed to the log. */
export function logChanges(changes: readonly Change[], sequence: number): SqlStatement[] {
  if (changes.length === 0) return [];
  const parts: string[] = [];
  for (let start = 0; start < changes.length; start += PART) {
    parts.push(textOfChanges(changes.slice(start, start + PART)));
  }
  const [only] = parts;
  // The oldest transaction is always kept, so there is one before.
  const sql = `INSERT INTO change_log (total, sequence, part, changes) VALUES (
    (SELECT total FROM change_log WHERE sequence < ?2 ORDER BY sequence DESC LIMIT 1) + ?1, ?2, ?3, ?4)`;
  if (parts.length === 1 && only !== undefined) {
    return [{ sql, params: [changes.length, sequence, 0, only], expectChanges: 1 }];
  }
  const numbers = Float64Array.from(parts, (_, i) => i);
  return [{ sql, params: [changes.length, sequence], columns: [numbers, parts], expectChanges: 1 }];
}

/**
 * Drops transactions that came before the newest 100,000 changes. The last one of them stays as the
 * beginning of the log. Looks at a few old rows only, so that it takes no long time.
 */
export const TRIM_LOG: SqlStatement = {
  sql: `DELETE FROM change_log WHERE sequence < (
    SELECT max(sequence) FROM (
      SELECT sequence, total FROM change_log WHERE part = 0 ORDER BY sequence LIMIT ${String(4 * CHANGES_BETWEEN_TRIMS)})
    WHERE total <= (SELECT total FROM change_log ORDER BY sequence DESC LIMIT 1) - ${String(KEPT_CHANGES)})`,
};

/** What `changePageOf` needs of one snapshot. */
export function selectChanges(sequence: number, limit: number): SqlStatement[] {
  const next = "(SELECT min(sequence) FROM change_log WHERE sequence > ?1)";
  const told = "(SELECT total FROM change_log WHERE sequence <= ?1 ORDER BY sequence DESC LIMIT 1)";
  return [
    {
      sql: "SELECT sequence, (SELECT min(sequence) FROM change_log) AS oldest, (SELECT max(sequence) FROM change_log) AS newest FROM store",
    },
    // Each row has at least one change, so the first `limit` rows have all that may come.
    {
      sql: `SELECT sequence, changes FROM (SELECT sequence, part, total, changes FROM change_log WHERE sequence > ?1 ORDER BY sequence, part LIMIT ?2) WHERE total <= ${told} + ?2 ORDER BY sequence, part`,
      params: [sequence, limit],
    },
    {
      sql: `SELECT sequence, changes FROM change_log WHERE sequence = ${next} AND total > ${told} + ?2 ORDER BY part`,
      params: [sequence, limit],
    },
  ];
}

/** `undefined` when the log does not reach back to `sequence`, or `sequence` lies ahead. */
export function changePageOf(
  sequence: number,
  [facts, fitting = [], large = []]: readonly (readonly SqlRow[])[],
): ChangePage | undefined {
  const fact = facts?.[0] ?? {};
  const last = numberOf(fact, "sequence");
  if (sequence < numberOf(fact, "oldest") || sequence > last) return undefined;
  const rows = fitting.length > 0 ? fitting : large;
  const changes = rows.flatMap(changesOfRow);
  const end = changes.at(-1)?.sequence;
  const all = end === undefined || end === numberOf(fact, "newest");
  return { changes, sequence: all ? last : end };
}

const KINDS = [
  "gallery-changed",
  "gallery-deleted",
  "subject-changed",
  "subject-deleted",
] as const satisfies readonly Change["kind"][];

/** JSON: ids by kind. */
function textOfChanges(changes: readonly Change[]): string {
  const ids = new Map<Change["kind"], string[]>();
  for (const change of changes) {
    const list = ids.get(change.kind) ?? [];
    ids.set(change.kind, list);
    list.push("galleryId" in change ? change.galleryId : change.subjectId);
  }
  return JSON.stringify(Object.fromEntries(ids));
}

/** Columns: sequence, changes. */
export function changesOfRow(row: SqlRow): Change[] {
  const sequence = numberOf(row, "sequence");
  const lists = parsed(textOf(row, "changes"));
  return KINDS.flatMap((kind) =>
    idsOf(lists[kind]).map((id): Change =>
      kind === "gallery-changed" || kind === "gallery-deleted"
        ? { sequence, kind, galleryId: id }
        : { sequence, kind, subjectId: id },
    ),
  );
}

function parsed(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw corrupt(); // without the cause: it quotes the text
  }
  if (!isPlainObject(value)) throw corrupt();
  return value;
}

function idsOf(list: unknown): readonly string[] {
  if (list === undefined) return [];
  if (!Array.isArray(list) || !list.every((id) => typeof id === "string")) throw corrupt();
  return list;
}

function corrupt(): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_STORE_CORRUPT",
    "the database holds something unexpected in column changes",
  );
}
