import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { throughputRatio, type BenchCase, type CaseResult, type Row } from "../case.js";
import type { Contestant } from "../contestant.js";
import { allCores } from "../cores.js";
import { cacheFolder } from "../paths.js";
import { race } from "../race.js";
import { madeData, type SearchData } from "../search/data.js";
import { atLeast, atMost, runParts, type Part } from "../search/part.js";
import { percentile, summarise } from "../statistics.js";
import { delays } from "../store/delays.js";
import { kills } from "../store/kills.js";
import { program, started } from "../store/stored-faces.js";

const ROWS = 1_000_000;
const STARTS = 5;
const IN_FLIGHT = 64;

type Progress = (text: string) => void;

/** The SQLite store at a million faces. */
export const store: BenchCase = {
  name: "store",
  summary: "the SQLite store: durable and bulk writes, open at a million faces, delays, kill -9",
  async run(progress, { count }) {
    mkdirSync(cacheFolder, { recursive: true });
    // Not in the system's folder for temporary files, which may be memory.
    const folder = mkdtempSync(join(cacheFolder, "store-"));
    try {
      const data = await madeData(progress, "clustered", { dimension: 128, rows: ROWS });
      const path = join(folder, "faces.db");
      const parts: Record<string, Part> = {
        durable: (say) => durable(folder, data, say),
        opened: (say) => opened(path, data, say),
        delays: (say) => delays(path, data, say),
        kills: (say) => kills(folder, count, say),
      };
      return await runParts(parts, progress);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

/** Acknowledged writes, beside what the disk itself acknowledges in the same minutes. */
async function durable(folder: string, data: SearchData, progress: Progress): Promise<CaseResult> {
  const { prefix, dimension } = data;
  const many = `durable-${String(IN_FLIGHT)}`;
  const contestants: readonly Contestant[] = [
    { name: "fdatasync", prepare: program("sync", join(folder, "sync")) },
    {
      name: "durable",
      cores: allCores,
      prepare: program("write", join(folder, "one.db"), prefix, dimension, 1),
    },
    {
      name: many,
      cores: allCores,
      iterations: 4000,
      prepare: program("write", join(folder, "many.db"), prefix, dimension, IN_FLIGHT),
    },
  ];
  const { rows } = await race(contestants, { rounds: 8, iterations: 400, progress });
  const share = throughputRatio(rows, "durable", "fdatasync");
  const inFlight = rows.find(({ name }) => name === many);
  const perSecond = inFlight !== undefined && "perSecond" in inFlight ? inFlight.perSecond : null;
  return {
    rows,
    ratios: { "durable/fdatasync, per s": share },
    checks: [
      atLeast("durable writes one after another, by the disk's fdatasync", share, 0.8),
      atLeast(`durable writes per s, ${String(IN_FLIGHT)} in flight`, perSecond, 4000),
    ],
  };
}

/** Bulk load, then opening in fresh processes, the file warm; the first start does not count. */
async function opened(path: string, data: SearchData, progress: Progress): Promise<CaseResult> {
  const { prefix, dimension } = data;
  progress(`writing ${String(ROWS)} faces`);
  const filled = await started(program("fill", path, prefix, dimension, ROWS));
  const openMs: number[] = [];
  let last: Readonly<Record<string, number>> = {};
  for (let start = 0; start <= STARTS; start++) {
    progress(`open ${String(start)} of ${String(STARTS)}`);
    last = (await started(program("open", path, prefix, dimension, ROWS))).facts;
    if (start > 0) openMs.push(last["openMs"] ?? NaN);
  }
  const facts = { ...filled.facts, ...last };
  const row: Row = { name: "open1m", ...summarise(openMs), note: "until the first search can run" };
  const median = percentile(
    openMs.toSorted((a, b) => a - b),
    0.5,
  );
  return {
    rows: [row],
    ratios: {},
    facts: Object.fromEntries(
      Object.entries(facts).map(([key, value]) => [`store1m, ${key}`, value]),
    ),
    checks: [
      atLeast("bulk load, faces per s", filled.facts["bulkPerSecond"], 100_000),
      atMost("open 1M faces warm, ms", median, 1500),
    ],
  };
}
