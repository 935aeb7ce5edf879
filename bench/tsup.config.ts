import { defineConfig } from "tsup";

/** The bench is TypeScript and starts processes of its own: one flat folder of bundles. */
export default defineConfig({
  entry: {
    run: "bench/run.ts",
    human: "bench/contestants/human.ts",
    "face-api": "bench/contestants/face-api.ts",
    countenance: "bench/contestants/countenance.ts",
    "liveness-clip": "bench/contestants/liveness-clip.ts",
    hnswlib: "bench/contestants/hnswlib.ts",
    lancedb: "bench/contestants/lancedb.ts",
    "search-index": "bench/contestants/search-index.ts",
    "stored-faces": "bench/contestants/stored-faces.ts",
    "mixed-writes": "bench/contestants/mixed-writes.ts",
    "sqlite-vec": "bench/contestants/sqlite-vec.ts",
    usearch: "bench/contestants/usearch.ts",
  },
  outDir: "build/bench",
  format: "esm",
  target: "node20",
  splitting: true,
  sourcemap: false,
  silent: true,
});
