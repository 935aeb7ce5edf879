import type { SqlStatement, SqlValue } from "../internal/native.js";

/** Lists are padded with NULL, which equals nothing, to few lengths: few statements to prepare. */
const LIST_LENGTHS = [1, 8, 64, 512] as const;
const MAX_LIST = 512;

/**
 * One statement per 512 values; `sql` gets the list as `?1, ?2, ...` and the parameter that comes
 * `next`: the first of `rest`.
 */
export function forList(
  values: readonly SqlValue[],
  sql: (list: string, next: string) => string,
  rest: readonly SqlValue[] = [],
): SqlStatement[] {
  const statements: SqlStatement[] = [];
  for (let start = 0; start < values.length; start += MAX_LIST) {
    const params: SqlValue[] = values.slice(start, start + MAX_LIST);
    const length = LIST_LENGTHS.find((size) => size >= params.length) ?? MAX_LIST;
    while (params.length < length) params.push(null);
    const list = params.map((_, i) => `?${String(i + 1)}`).join(", ");
    statements.push({ sql: sql(list, `?${String(length + 1)}`), params: [...params, ...rest] });
  }
  return statements;
}
