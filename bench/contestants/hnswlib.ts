// hnswlib-node, on the vectors of search_data.
//   node hnswlib.js build <prefix> <dimension> <rows> <m> <efConstruction> <file>
//   node hnswlib.js brute <prefix> <dimension> <rows>
//   node hnswlib.js hnsw <prefix> <dimension> <rows> <efSearch> <file>
import { loadPeer } from "../install.js";
import { serve, type Loaded } from "../serve.js";
import { readBase, readQueries, splitRows, type VectorFile } from "../vector-file.js";

interface Neighbours {
  readonly neighbors: readonly number[];
}

/** The parts of the library that are used here. */
interface Brute {
  initIndex(rows: number): void;
  addPoint(point: readonly number[], label: number): void;
  searchKnn(query: readonly number[], k: number): Neighbours;
}
interface Graph {
  initIndex(rows: number, m: number, efConstruction: number): void;
  addPoint(point: readonly number[], label: number): void;
  searchKnn(query: readonly number[], k: number): Neighbours;
  setEf(ef: number): void;
  writeIndexSync(path: string): void;
  readIndexSync(path: string): void;
}
interface Hnswlib {
  readonly BruteforceSearch: new (space: "l2", dimension: number) => Brute;
  readonly HierarchicalNSW: new (space: "l2", dimension: number) => Graph;
}

const NEAREST = 10;
const ANSWERS = 100;

const hnswlib = loadPeer("hnswlib-node") as Hnswlib;
const [mode = "", prefix = "", ...rest] = process.argv.slice(2);
const [dimension = 0, rows = 0, first = 0, second = 0] = rest.map(Number);
const path = rest.at(-1) ?? "";
const file: VectorFile = { prefix, dimension };

/** Arrays of numbers are all that the library takes. */
function points(): readonly (readonly number[])[] {
  return splitRows(readBase(file, rows), dimension).map((row) => Array.from(row));
}

function loaded(index: Brute | Graph, note: string): Loaded {
  const queries = readQueries(file).map((query) => Array.from(query));
  return {
    note,
    jobs: ANSWERS,
    step: async (i) => index.searchKnn(queries[i % queries.length] ?? [], NEAREST).neighbors,
  };
}

if (mode === "build") {
  const index = new hnswlib.HierarchicalNSW("l2", dimension);
  index.initIndex(rows, first, second);
  for (const [i, point] of points().entries()) index.addPoint(point, i);
  index.writeIndexSync(path);
} else {
  await serve(async () => {
    if (mode === "brute") {
      const index = new hnswlib.BruteforceSearch("l2", dimension);
      index.initIndex(rows);
      for (const [i, point] of points().entries()) index.addPoint(point, i);
      return loaded(index, "hnswlib-node, brute force, compiled with -march=native");
    }
    const index = new hnswlib.HierarchicalNSW("l2", dimension);
    index.readIndexSync(path);
    index.setEf(first);
    return loaded(
      index,
      `hnswlib-node, HNSW, compiled with -march=native, efSearch ${String(first)}`,
    );
  });
}
