// LanceDB without an index, on the vectors of search_data.
//   node lancedb.js build <prefix> <dimension> <rows> <folder>
//   node lancedb.js flat <prefix> <dimension> <rows> <folder>
import { loadPeer } from "../install.js";
import { serve } from "../serve.js";
import { readBase, readQueries, splitRows } from "../vector-file.js";

interface Query {
  bypassVectorIndex(): Query;
  select(columns: readonly string[]): Query;
  limit(count: number): Query;
  toArray(): Promise<readonly { readonly id: number }[]>;
}
interface Table {
  vectorSearch(query: Float32Array): Query;
}
interface Connection {
  createTable(name: string, rows: readonly object[], options: object): Promise<Table>;
  openTable(name: string): Promise<Table>;
}

const NEAREST = 10;
const ANSWERS = 100;

const lancedb = loadPeer("@lancedb/lancedb") as { connect(folder: string): Promise<Connection> };
const [mode = "", prefix = "", ...rest] = process.argv.slice(2);
const [dimension = 0, rows = 0] = rest.map(Number);
const file = { prefix, dimension };
const folder = rest[2] ?? "";

if (mode === "build") {
  const connection = await lancedb.connect(folder);
  const vectors = splitRows(readBase(file, rows), dimension);
  await connection.createTable(
    "face",
    vectors.map((vector, id) => ({ id, vector: Array.from(vector) })),
    // The newer formats decode more: 200,000 rows took 55 to 75 ms instead of 24.
    { mode: "overwrite", dataStorageVersion: "legacy" },
  );
} else {
  await serve(async () => {
    const connection = await lancedb.connect(folder);
    const table = await connection.openTable("face");
    const queries = readQueries(file);
    return {
      note: "LanceDB, flat, files of version 1 in the page cache",
      jobs: ANSWERS,
      step: async (i) => {
        const query = table.vectorSearch(queries[i % queries.length] ?? new Float32Array());
        const found = await query
          .bypassVectorIndex()
          .select(["id", "_distance"])
          .limit(NEAREST)
          .toArray();
        return found.map(({ id }) => id);
      },
    };
  });
}
