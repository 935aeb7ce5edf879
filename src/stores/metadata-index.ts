import type { FilterTerms } from "./metadata-filter.js";
import type { FilterValue } from "./store.js";

/** Which subjects (by their keys) have which value in a top-level field of their metadata. */
export class MetadataIndex {
  readonly #fields = new Map<string, Map<FilterValue, Set<number>>>();

  /** @param metadata  Its JSON text. */
  add(key: number, metadata: string | undefined): void {
    for (const [field, value] of scalarsOf(metadata)) {
      const values = this.#fields.get(field) ?? new Map<FilterValue, Set<number>>();
      this.#fields.set(field, values);
      const keys = values.get(value) ?? new Set();
      values.set(value, keys.add(key));
    }
  }

  /** @param metadata  As it was added. */
  delete(key: number, metadata: string | undefined): void {
    for (const [field, value] of scalarsOf(metadata)) {
      const values = this.#fields.get(field);
      const keys = values?.get(value);
      keys?.delete(key);
      if (keys?.size === 0) values?.delete(value);
      if (values?.size === 0) this.#fields.delete(field);
    }
  }

  /** The keys of all that match: walks the field that fewest have and looks at the others. */
  select(terms: FilterTerms): number[] {
    const fields = Array.from(terms, ([field, values]) => this.#holders(field, values));
    fields.sort((a, b) => sizeOf(a) - sizeOf(b));
    const [rarest = [], ...others] = fields;
    // A subject has one value in a field, so it is in one set of each.
    const found: number[] = [];
    for (const keys of rarest) {
      for (const key of keys) {
        if (others.every((sets) => sets.some((set) => set.has(key)))) found.push(key);
      }
    }
    return found;
  }

  /** Those of some keys that match, in their order. */
  filter(keys: readonly number[], terms: FilterTerms): number[] {
    const fields = Array.from(terms, ([field, values]) => this.#holders(field, values));
    return keys.filter((key) => fields.every((sets) => sets.some((set) => set.has(key))));
  }

  #holders(field: string, values: ReadonlySet<FilterValue>): readonly ReadonlySet<number>[] {
    const known = this.#fields.get(field);
    return Array.from(values).flatMap((value) => known?.get(value) ?? []);
  }
}

function sizeOf(sets: readonly ReadonlySet<number>[]): number {
  return sets.reduce((sum, set) => sum + set.size, 0);
}

/** What a filter can ask for: the top-level fields that hold no array and no object. */
export function scalarsOf(metadata: string | undefined): [field: string, value: FilterValue][] {
  if (!metadata?.startsWith("{")) return [];
  // Made by capture(), of a Metadata: an object, by its first character.
  const fields = Object.entries(JSON.parse(metadata) as Record<string, unknown>);
  return fields.filter((entry): entry is [string, FilterValue] => isScalar(entry[1]));
}

function isScalar(value: unknown): value is FilterValue {
  return value === null || typeof value !== "object";
}
