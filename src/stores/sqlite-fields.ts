import { CountenanceError } from "../errors.js";
import type { SqlStatement } from "../internal/native.js";
import type { FilterTerms } from "./metadata-filter.js";
import { scalarsOf } from "./metadata-index.js";
import { forList } from "./sqlite-lists.js";

/**
 * Makes subjects findable by the fields of their metadata.
 * @param subjects  Keys with the JSON text of their metadata.
 */
export function insertFields(
  subjects: readonly (readonly [key: number, metadata: string | undefined])[],
): SqlStatement[] {
  const keys: number[] = [];
  const names: string[] = [];
  const values: string[] = [];
  for (const [key, metadata] of subjects) {
    for (const [name, value] of fieldsOf(metadata)) {
      keys.push(key);
      names.push(name);
      values.push(value);
    }
  }
  if (keys.length === 0) return [];
  const sql = "INSERT INTO field (subject_key, name, value) VALUES (?1, ?2, ?3)";
  return [{ sql, columns: [Float64Array.from(keys), names, values], expectChanges: 1 }];
}

/** The rows of `field` that belong to some metadata. */
export function fieldsOf(metadata: string | undefined): [name: string, value: string][] {
  try {
    return scalarsOf(metadata).map(([name, value]) => [name, JSON.stringify(value)]);
  } catch {
    // Without the cause: it quotes the text.
    throw new CountenanceError(
      "COUNTENANCE_STORE_CORRUPT",
      "the database holds something unexpected in column metadata",
    );
  }
}

/** For each field the statements that find the subjects with one of its values. */
export function selectByFields(terms: FilterTerms): SqlStatement[][] {
  return Array.from(terms, ([name, values]) =>
    forList(
      Array.from(values, (value) => JSON.stringify(value)),
      (list, next) => `SELECT subject_key FROM field WHERE value IN (${list}) AND name = ${next}`,
      [name],
    ),
  );
}
