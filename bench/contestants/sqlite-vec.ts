// sqlite-vec, loaded by better-sqlite3, on the vectors of search_data, in memory.
//   node sqlite-vec.js vec0|scalar <prefix> <dimension> <rows> [<chunk size>]
// `vec0` is its table for vectors; `scalar` calls its distance function on a plain table.
import { loadPeer } from "../install.js";
import { serve } from "../serve.js";
import { readBase, readQueries, splitRows } from "../vector-file.js";

interface Statement {
  run(...values: readonly unknown[]): void;
  all(...values: readonly unknown[]): readonly (readonly [number, number])[];
  get(): readonly unknown[];
  raw(on: true): Statement;
}
interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  transaction(work: () => void): () => void;
}

const NEAREST = 10;
const ANSWERS = 100;

const BetterSqlite3 = loadPeer("better-sqlite3") as new (path: ":memory:") => Database;
const sqliteVec = loadPeer("sqlite-vec") as { load(database: Database): void };
const [mode = "", prefix = "", ...rest] = process.argv.slice(2);
const [dimension = 0, rows = 0, chunkSize = 1024] = rest.map(Number);
const file = { prefix, dimension };

await serve(async () => {
  const database = new BetterSqlite3(":memory:");
  sqliteVec.load(database);
  const vec0 = mode === "vec0";
  database.exec(
    vec0
      ? `CREATE VIRTUAL TABLE face USING vec0(vector float[${String(dimension)}], chunk_size=${String(chunkSize)})`
      : "CREATE TABLE face(id INTEGER PRIMARY KEY, vector BLOB)",
  );
  const insert = database.prepare("INSERT INTO face(rowid, vector) VALUES (?, ?)");
  const vectors = splitRows(readBase(file, rows), dimension);
  database.transaction(() => {
    for (const [i, vector] of vectors.entries()) insert.run(BigInt(i), vector);
  })();
  const search = database
    .prepare(
      vec0
        ? `SELECT rowid, distance FROM face WHERE vector MATCH ? AND k = ${String(NEAREST)}`
        : `SELECT id, vec_distance_l2(vector, ?) AS distance FROM face ORDER BY distance LIMIT ${String(NEAREST)}`,
    )
    .raw(true);
  const queries = readQueries(file);
  const [version] = database.prepare("SELECT vec_version()").raw(true).get();
  return {
    note: `sqlite-vec ${String(version)}, ${vec0 ? `vec0, chunks of ${String(chunkSize)}` : "vec_distance_l2"}, in memory`,
    jobs: ANSWERS,
    step: async (i) => search.all(queries[i % queries.length]).map(([row]) => row),
  };
});
