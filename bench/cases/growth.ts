import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { BenchCase, CaseResult, Row } from "../case.js";
import { cacheFolder } from "../paths.js";
import { logLogPlot, type Plot } from "../plot.js";
import { buildBench } from "../programs.js";
import { madeData, type SearchData } from "../search/data.js";
import { runParts, type Part } from "../search/part.js";
import { summarise } from "../statistics.js";
import { program, started, type Started } from "../store/stored-faces.js";

const DIMENSION = 128;
const SIZES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/** Above it only the index is measured: a store of ten million faces is 8 GB to write. */
const MAX_STORED = 1_000_000;

type Progress = (text: string) => void;
type Measured = Readonly<Record<string, number>>;

/** By number of faces; what a key means is in FACTS and in the two programs. */
type Table = Map<number, Measured>;

/** How time, memory and rates grow with the number of faces. */
export const growth: BenchCase = {
  name: "growth",
  summary: "bytes per face, open, search, add and delete from 1,000 to 10,000,000 faces",
  async run(progress) {
    const index: Table = new Map();
    const store: Table = new Map();
    const parts: Record<string, Part> = {};
    for (const size of SIZES) {
      parts[`index-${String(size)}`] = (say) => indexOf(size, index, say);
      if (size > MAX_STORED) continue;
      parts[`store-${String(size)}`] = (say) => storeOf(size, store, say);
    }
    const result = await runParts(parts, progress);
    return { ...result, plots: plotsOf(index, store) };
  },
};

async function indexOf(size: number, table: Table, progress: Progress): Promise<CaseResult> {
  const command = await buildBench("growth_bench", progress);
  const prepare = async () => ({ command, args: [String(DIMENSION), String(size)] });
  const said = await started(prepare, { iterations: iterationsOf(size), warmUp: true });
  return entered(`index-${String(size)}`, size, said, table);
}

async function storeOf(size: number, table: Table, progress: Progress): Promise<CaseResult> {
  const largest = await madeData(progress, "clustered", { dimension: DIMENSION, rows: MAX_STORED });
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, "growth-"));
  try {
    const data: SearchData = { ...largest, rows: size };
    const args = [join(folder, "faces.db"), data.prefix, DIMENSION, size] as const;
    progress("bulk load");
    const filled = await started(program("fill", ...args));
    progress("changes");
    const changed = await started(program("change", ...args));
    progress("open and search");
    await started(program("open", ...args)); // the file is warm from here on
    const opened = await started(program("open", ...args), {
      iterations: iterationsOf(size),
      warmUp: true,
    });
    const { fileBytes = NaN, bulkPerSecond = NaN } = filled.facts;
    const { rssBytes = NaN, openMs = NaN } = opened.facts;
    const facts = {
      bulkPerSecond,
      openMs,
      residentBytesPerFace: rssBytes / size,
      diskBytesPerFace: fileBytes / size,
      ...changed.facts,
    };
    return entered(`store-${String(size)}`, size, { ...opened, facts }, table);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Enough for a 99th percentile where a search is short, some seconds' worth where it is not. */
function iterationsOf(size: number): number {
  return size > 1_000_000 ? 100 : size > 100_000 ? 300 : 2000;
}

function entered(
  name: string,
  size: number,
  { facts, timesMs }: Started,
  table: Table,
): CaseResult {
  const summary = summarise(timesMs);
  const row: Row = { name, ...summary };
  table.set(size, { ...facts, searchP50Ms: summary.p50Ms, searchP99Ms: summary.p99Ms });
  return {
    rows: [row],
    ratios: {},
    facts: Object.fromEntries(
      Object.entries(facts).map(([key, value]) => [`${name}, ${key}`, value]),
    ),
  };
}

function plotsOf(index: Table, store: Table): Record<string, string> {
  const seriesOf = (lines: readonly (readonly [name: string, table: Table, key: string])[]) =>
    lines
      .map(([name, table, key]) => ({
        name,
        points: [...table].flatMap(([faces, measured]): (readonly [number, number])[] => {
          const value = measured[key];
          return value === undefined || !(value > 0) ? [] : [[faces, value]];
        }),
      }))
      .filter(({ points }) => points.length > 0);
  const plots: Record<string, Omit<Plot, "xLabel">> = {
    time: {
      title: "Time by number of faces (128 dimensions, one core searches)",
      yLabel: "ms",
      series: seriesOf([
        ["index: search, p50", index, "searchP50Ms"],
        ["index: search, p99", index, "searchP99Ms"],
        ["store: search, p50", store, "searchP50Ms"],
        ["store: open", store, "openMs"],
      ]),
    },
    memory: {
      title: "Bytes per face",
      yLabel: "bytes per face",
      series: seriesOf([
        ["index: its own count", index, "bytesPerFace"],
        ["index: resident", index, "residentBytesPerFace"],
        ["store: resident", store, "residentBytesPerFace"],
        ["store: on disk", store, "diskBytesPerFace"],
      ]),
    },
    rates: {
      title: "Changes per second",
      yLabel: "faces per s",
      series: seriesOf([
        ["index: bulk", index, "bulkPerSecond"],
        ["index: add one", index, "addsPerSecond"],
        ["index: delete one", index, "deletesPerSecond"],
        ["store: bulk", store, "bulkPerSecond"],
        ["store: add, 64 in flight", store, "addedPerSecond"],
        ["store: delete, 64 in flight", store, "deletedPerSecond"],
      ]),
    },
  };
  return Object.fromEntries(
    Object.entries(plots)
      .filter(([, { series }]) => series.length > 0)
      .map(([name, plot]) => [name, logLogPlot({ ...plot, xLabel: "faces" })]),
  );
}
