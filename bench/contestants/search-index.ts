// Our own createIndex, on the vectors of search_data, from JavaScript to JavaScript.
//   node search-index.js <prefix> <dimension> <rows> alone|candidates <at once>
// `candidates` restricts each search to a thousand of the rows, by ids that are strings.
import { createIndex, type VectorIndex } from "../../src/index.js";
import { serve } from "../serve.js";
import { readBase, readQueries } from "../vector-file.js";

const NEAREST = 10;
const ANSWERS = 100;
const CANDIDATES = 1000;
const LISTS = 8;
/** Rows of one call of add: it copies them. */
const CHUNK = 20_000;

const [prefix = "", ...rest] = process.argv.slice(2);
const [dimension = 0, rows = 0] = rest.map(Number);
const [, , mode = "", atOnce = "1"] = rest;
const file = { prefix, dimension };

async function fill<Id extends string | number>(
  index: VectorIndex<Id>,
  idOf: (row: number) => Id,
): Promise<void> {
  const base = readBase(file, rows);
  for (let first = 0; first < rows; first += CHUNK) {
    const end = Math.min(rows, first + CHUNK);
    const ids = Array.from({ length: end - first }, (_, i) => idOf(first + i));
    await index.add(ids, base.subarray(first * dimension, end * dimension));
  }
}

await serve(
  async () => {
    const queries = readQueries(file);
    const query = (i: number) => queries[i % queries.length] ?? new Float32Array();
    const note = `createIndex, ${mode}, ${atOnce} at once`;
    if (mode === "candidates") {
      const index = createIndex({ dimension, threads: 1 });
      const idOf = (row: number) => `person-${String(row).padStart(9, "0")}`;
      await fill(index, idOf);
      // A prime step spreads each list over all rows, without repeating any.
      const lists = Array.from({ length: LISTS }, (_, list) =>
        Array.from({ length: CANDIDATES }, (_, i) => idOf(((list * CANDIDATES + i) * 7919) % rows)),
      );
      return {
        note,
        step: async (i) => {
          const candidates = lists[i % LISTS] ?? [];
          const hits = await index.search(query(i), { k: NEAREST, candidates });
          return hits.map(({ id }) => Number(id.slice("person-".length)));
        },
      };
    }
    const index = createIndex<number>({ dimension, threads: 1 });
    await fill(index, (row) => row);
    return {
      note,
      jobs: ANSWERS,
      step: async (i) => {
        const hits = await index.search(query(i), { k: NEAREST });
        return hits.map(({ id }) => id);
      },
    };
  },
  { atOnce: Number(atOnce) },
);
