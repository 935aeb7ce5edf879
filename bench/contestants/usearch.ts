// usearch, on the vectors of search_data. It ignores where a view of a larger array begins, so that
// it is given copies.
//   node usearch.js build <prefix> <dimension> <rows> <m> <efConstruction> <scalar> <file>
//   node usearch.js exact <prefix> <dimension> <rows>
//   node usearch.js hnsw <prefix> <dimension> <rows> <efSearch> <scalar> <file>
import { loadPeer } from "../install.js";
import { serve } from "../serve.js";
import { readBase, readQueries, splitRows, type VectorFile } from "../vector-file.js";

interface Matches {
  readonly keys: BigUint64Array;
}

/** The parts of the library that are used here. */
interface Graph {
  add(keys: BigUint64Array, vectors: readonly Float32Array[] | Float32Array, threads: number): void;
  search(query: Float32Array, k: number, threads: number): Matches;
  save(path: string): void;
  load(path: string): void;
}
interface Usearch {
  readonly Index: new (options: {
    dimensions: number;
    metric: "l2sq";
    quantization: string;
    connectivity: number;
    expansion_add: number;
    expansion_search: number;
    multi: boolean;
  }) => Graph;
  exactSearch(
    dataset: Float32Array,
    query: Float32Array,
    dimension: number,
    k: number,
    metric: "l2sq",
    threads: number,
  ): Matches;
}

const NEAREST = 10;
const ANSWERS = 100;

const usearch = loadPeer("usearch") as Usearch;
const [mode = "", prefix = "", ...rest] = process.argv.slice(2);
const [dimension = 0, rows = 0] = rest.map(Number);
const file: VectorFile = { prefix, dimension };
const [path = "", quantization = "f32"] = rest.toReversed();

function graph(connectivity: number, expansionAdd: number, expansionSearch: number): Graph {
  return new usearch.Index({
    dimensions: dimension,
    metric: "l2sq",
    quantization,
    connectivity,
    expansion_add: expansionAdd,
    expansion_search: expansionSearch,
    multi: false,
  });
}

if (mode === "build") {
  const index = graph(Number(rest[2]), Number(rest[3]), 64);
  const vectors = splitRows(readBase(file, rows), dimension);
  index.add(new BigUint64Array(vectors.map((_, i) => BigInt(i))), vectors, 0);
  index.save(path);
} else {
  await serve(async () => {
    const queries = readQueries(file);
    const query = (i: number) => queries[i % queries.length] ?? new Float32Array();
    const rowsOf = ({ keys }: Matches) => Array.from(keys, Number);
    if (mode === "exact") {
      const base = readBase(file, rows);
      return {
        note: "usearch, exactSearch",
        jobs: ANSWERS,
        step: async (i) =>
          rowsOf(usearch.exactSearch(base, query(i), dimension, NEAREST, "l2sq", 1)),
      };
    }
    const index = graph(16, 128, Number(rest[2]));
    index.load(path);
    return {
      note: `usearch, HNSW, ${quantization}, expansion_search ${rest[2] ?? ""}`,
      jobs: ANSWERS,
      step: async (i) => rowsOf(index.search(query(i), NEAREST, 1)),
    };
  });
}
