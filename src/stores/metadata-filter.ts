import type { CountenanceError } from "../errors.js";
import { describe, plainCopy } from "../internal/validate.js";
import { checkId, invalid } from "./checks.js";
import type { FilterValue, MetadataFilter } from "./store.js";

const MAX_FIELDS = 16;
const MAX_VALUES = 1000;

/** A filter that its caller cannot change any more: the values that each field may have. */
export type FilterTerms = ReadonlyMap<string, ReadonlySet<FilterValue>>;

/**
 * Checks and copies a filter.
 * @returns `undefined` for a filter that restricts nothing.
 * @throws {CountenanceError} `INVALID_ARGUMENT`.
 */
export function filterTermsOf(filter: unknown): FilterTerms | undefined {
  if (filter === undefined) return undefined;
  const copy = plainCopy("filter", filter);
  const fields = Object.keys(copy);
  if (fields.length > MAX_FIELDS) throw tooMany("fields", MAX_FIELDS, fields.length);
  const terms = new Map<string, ReadonlySet<FilterValue>>();
  let count = 0;
  for (const field of fields) {
    checkId("filter", field);
    const values = valuesOf(copy[field]);
    count += values.length;
    if (count > MAX_VALUES) throw tooMany("values", MAX_VALUES, count);
    terms.set(field, new Set(Array.from(values, filterValue)));
  }
  return terms.size === 0 ? undefined : terms;
}

/** The filter of some terms: what one layer has checked, for the next. */
export function filterOfTerms(terms: FilterTerms): MetadataFilter {
  return Object.fromEntries(Array.from(terms, ([field, values]) => [field, [...values]]));
}

function valuesOf(given: unknown): readonly unknown[] {
  return Array.isArray(given) ? given : [given];
}

function filterValue(value: unknown): FilterValue {
  if (typeof value === "string") {
    checkId("filter", value);
    return value;
  }
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw invalid(
    `filter: expected strings, finite numbers, booleans, null or lists of them, got ${describe(value)}`,
  );
}

function tooMany(what: string, most: number, count: number): CountenanceError {
  return invalid(`filter: expected at most ${String(most)} ${what}, got ${String(count)}`);
}
