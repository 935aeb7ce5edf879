import type { SqlStatement, SqlValue } from "../internal/native.js";
import type { Effect } from "./plan.js";
import { bytesOf } from "./sqlite-rows.js";

/** Lists are padded with NULL, which equals nothing, to few lengths: few statements to prepare. */
const LIST_LENGTHS = [1, 8, 64, 512] as const;
const MAX_LIST = 512;

/** One statement per 512 values; `sql` gets the list as `?1, ?2, ...`. */
export function forList(
  values: readonly SqlValue[],
  sql: (list: string) => string,
): SqlStatement[] {
  const statements: SqlStatement[] = [];
  for (let start = 0; start < values.length; start += MAX_LIST) {
    const params: SqlValue[] = values.slice(start, start + MAX_LIST);
    const length = LIST_LENGTHS.find((size) => size >= params.length) ?? MAX_LIST;
    while (params.length < length) params.push(null);
    statements.push({ sql: sql(params.map((_, i) => `?${String(i + 1)}`).join(", ")), params });
  }
  return statements;
}

/** What must still be true when a plan is written; otherwise the transaction starts again. */
export function guardSubject(key: number, revision: number, next: number): SqlStatement {
  return {
    sql: "UPDATE subject SET revision = ?3 WHERE key = ?1 AND revision = ?2",
    params: [key, revision, next],
    expectChanges: 1,
  };
}

export function guardGallery(key: number): SqlStatement {
  return { sql: "UPDATE gallery SET id = id WHERE key = ?1", params: [key], expectChanges: 1 };
}

export function setSequence(sequence: number): SqlStatement {
  return { sql: "UPDATE store SET sequence = ?1", params: [sequence], expectChanges: 1 };
}

/** @param sequence  Of the transaction: the revision of what it creates. */
export function statementOf(effect: Effect, sequence: number): SqlStatement {
  switch (effect.kind) {
    case "insert-subject": {
      const { id, metadata, createdAtMs } = effect.subject;
      return {
        sql: "INSERT INTO subject (key, id, metadata, created_at_ms, revision) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params: [effect.key, id, metadata ?? null, createdAtMs, sequence],
        expectChanges: 1,
      };
    }
    case "set-metadata":
      return {
        sql: "UPDATE subject SET metadata = ?2 WHERE key = ?1",
        params: [effect.key, effect.metadata ?? null],
        expectChanges: 1,
      };
    case "delete-subject":
      return {
        sql: "DELETE FROM subject WHERE key = ?1",
        params: [effect.key],
        expectChanges: 1,
      };
    case "insert-face": {
      const { id, vector, box, score, createdAtMs } = effect.face;
      return {
        sql: "INSERT INTO face (key, id, subject_key, vector, x, y, width, height, score, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params: [
          effect.key,
          id,
          effect.subjectKey,
          bytesOf(vector),
          box?.x ?? null,
          box?.y ?? null,
          box?.width ?? null,
          box?.height ?? null,
          score ?? null,
          createdAtMs,
        ],
        expectChanges: 1,
      };
    }
    case "delete-face":
      return { sql: "DELETE FROM face WHERE key = ?1", params: [effect.key], expectChanges: 1 };
    case "insert-gallery":
      return {
        sql: "INSERT INTO gallery (key, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params: [effect.key, effect.galleryId],
        expectChanges: 1,
      };
    case "delete-gallery":
      return {
        sql: "DELETE FROM gallery WHERE key = ?1",
        params: [effect.key],
        expectChanges: 1,
      };
    case "insert-member":
      return {
        sql: "INSERT INTO membership (gallery_key, subject_id, subject_key) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params: [effect.galleryKey, effect.subjectId, effect.subjectKey],
      };
    case "delete-member":
      return {
        sql: "DELETE FROM membership WHERE gallery_key = ?1 AND subject_id = ?2",
        params: [effect.galleryKey, effect.subjectId],
      };
  }
}
