import type { NativeDatabase, NativeHits, NativeIndex } from "../internal/native.js";
import { settle } from "../internal/task.js";
import type { FilterTerms } from "./metadata-filter.js";
import { searchAgain } from "./search-again.js";
import { selectByFields } from "./sqlite-fields.js";
import { forList } from "./sqlite-lists.js";
import type { SqliteReader } from "./sqlite-reader.js";
import { numberOf, textOf, vectorOf } from "./sqlite-rows.js";
import type { Hit, VectorSearchOptions, VectorSearchResult } from "./store.js";

/** Looks up in the database what restricts a search and what it found; the index does the rest. */
export class SqliteSearches {
  readonly #database: NativeDatabase;
  readonly #reader: SqliteReader;

  constructor(database: NativeDatabase, reader: SqliteReader) {
    this.#database = database;
    this.#reader = reader;
  }

  /** `undefined` when there is no such gallery. Arguments are checked. */
  async search(
    index: NativeIndex,
    vector: Float32Array,
    { k, gallery, candidates, signal }: VectorSearchOptions,
    terms: FilterTerms | undefined,
  ): Promise<VectorSearchResult | undefined> {
    const [tag, groups] = await Promise.all([
      gallery === undefined ? undefined : this.#galleryKey(gallery, signal),
      this.#keysOf(candidates, terms, signal),
    ]);
    if (gallery !== undefined && tag === undefined) return undefined;
    return searchAgain(async (last) => {
      const found = await settle(() => index.search(vector, k, tag, groups), signal);
      return this.#resolve(found, index.dimension, last, signal);
    });
  }

  async #galleryKey(id: string, signal: AbortSignal | undefined): Promise<number | undefined> {
    const sql = "SELECT key FROM gallery WHERE id = ?1";
    const [rows] = await this.#reader.read([{ sql, params: [id] }], signal);
    return rows?.[0] && numberOf(rows[0], "key");
  }

  /** The keys of the subjects that are named and match; `undefined` without a restriction. */
  async #keysOf(
    candidates: readonly string[] | undefined,
    terms: FilterTerms | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Float64Array | undefined> {
    if (candidates === undefined && terms === undefined) return undefined;
    const named =
      candidates && forList(candidates, (list) => `SELECT key FROM subject WHERE id IN (${list})`);
    const sets = [...(named ? [named] : []), ...(terms ? selectByFields(terms) : [])];
    return settle(() => this.#database.readKeys(sets), signal);
  }

  /** `undefined` when a hit was deleted since the index found it. */
  async #resolve(
    found: NativeHits,
    dimension: number,
    last: boolean,
    signal: AbortSignal | undefined,
  ): Promise<VectorSearchResult | undefined> {
    const keys = Array.from(found.keys);
    const queries = forList(
      keys,
      (list) =>
        `SELECT face.key, face.id, subject.id AS subject_id, vector FROM face JOIN subject ON subject.key = subject_key WHERE face.key IN (${list})`,
    );
    const [rows] = await this.#reader.readGroups([queries], signal);
    const byKey = new Map(rows.map((row) => [numberOf(row, "key"), row]));
    if (byKey.size < keys.length && !last) return undefined;
    const hits = keys.flatMap((key): Hit[] => {
      const row = byKey.get(key);
      if (row === undefined) return [];
      return [
        {
          subjectId: textOf(row, "subject_id"),
          faceId: textOf(row, "id"),
          vector: vectorOf(row, "vector", dimension),
        },
      ];
    });
    return { hits, compared: found.compared };
  }
}
