import type { BenchCase } from "../case.js";
import { javascript, javascriptMillion } from "../search/javascript.js";
import { longer, million, real } from "../search/million.js";
import { runParts } from "../search/part.js";
import { restricted, worst } from "../search/restricted.js";

/** 1:N search on one core, alone and beside others. */
export const search: BenchCase = {
  name: "search",
  summary: "1:N search: FAISS at a million, what Node has at 200,000; restricted, at its worst",
  run: (progress) =>
    runParts({ million, javascript, javascriptMillion, restricted, worst, real, longer }, progress),
};
