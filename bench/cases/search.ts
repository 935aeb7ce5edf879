import type { BenchCase } from "../case.js";
import { longer, million, real } from "../search/million.js";
import { runParts } from "../search/part.js";
import { restricted, worst } from "../search/restricted.js";

/** 1:N search on one core, alone and beside others. */
export const search: BenchCase = {
  name: "search",
  summary: "1:N search: FAISS at a million vectors; restricted, at its worst, longer vectors",
  run: (progress) => runParts({ million, real, longer, restricted, worst }, progress),
};
