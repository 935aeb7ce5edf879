import { execFile } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { ratiosOf, throughputRatio } from "../case.js";
import { NotAvailable, type Contestant } from "../contestant.js";
import { compilePeer, installPeers } from "../install.js";
import { nodeProgram } from "../node-program.js";
import { cacheFolder } from "../paths.js";
import { race } from "../race.js";
import { hugePages } from "./contestants.js";
import { madeData, type SearchData } from "./data.js";
import { atLeast, atMost, p50Of, recalls, type Part } from "./part.js";

const run = promisify(execFile);

const MILLION = 1_000_000;
const ROWS = 200_000;
const OURS = "search200k";

/**
 * The fastest settings that reach a recall@10 of 0.99 on these vectors, of those that were tried.
 * hnswlib: m 16 needs efSearch 900 (2.2 ms), m 32 only 300 (1.5 ms), and at 600 misses 0.1 %.
 * usearch: 0.983 at 500, 0.996 at 800.
 */
const HNSWLIB = { m: 32, efConstruction: 200, efSearch: 300 };
const USEARCH = { m: 16, efConstruction: 128, efSearch: 650, quantization: "f32" };
const LIMIT_RECALL = 0.99;

type Progress = (text: string) => void;

/** 200,000 vectors from JavaScript to JavaScript: what else Node can install. */
export const javascript: Part = async (progress) => {
  const shape = { dimension: 128, rows: MILLION };
  const all = await madeData(progress, "clustered", shape, [ROWS]);
  const data = { ...all, rows: ROWS };
  const contestants = [
    ourIndex(OURS, data, "alone", 1),
    ourIndex(`${OURS}-16`, data, "alone", 16),
    ...peersOf(data, progress),
  ];
  const { rows, ready } = await race(contestants, { rounds: 7, iterations: 10, progress });
  const peers = contestants.map(({ name }) => name).slice(2);
  const ratios = ratiosOf(rows, OURS, peers);
  const recall = recalls(
    ready,
    contestants.map(({ name }) => name),
    data,
    ROWS,
  );
  const hnsw = ["hnswlib-hnsw", "usearch-hnsw"].filter((name) => ready.has(name));
  return {
    rows,
    ratios: { ...ratios, [`${OURS}-16/${OURS}, per s`]: throughputRatio(rows, `${OURS}-16`, OURS) },
    facts: recall,
    checks: [
      atLeast(`${OURS}, recall@10`, recall[`${OURS}, recall@10`], 1),
      ...Object.entries(LIMITS).map(([peer, limit]) =>
        atLeast(`200k, by ${peer}`, ratios[`${OURS}/${peer}`], limit),
      ),
      ...hnsw.map((name) =>
        atLeast(`${name}, recall@10`, recall[`${name}, recall@10`], LIMIT_RECALL),
      ),
    ],
  };
};

const LIMITS = {
  "hnswlib-brute": 4,
  "usearch-exact": 5,
  "sqlite-vec": 30,
  lancedb: 30,
  "hnswlib-hnsw": 1,
  "usearch-hnsw": 1,
};

/** A million vectors from JavaScript to JavaScript, ours alone. */
export const javascriptMillion: Part = async (progress) => {
  const data = await madeData(progress, "clustered", { dimension: 128, rows: MILLION }, [MILLION]);
  const [one, many, listed] = ["js1m", "js1m-16", "js1m-candidates1000"] as const;
  const { rows, ready } = await race(
    [
      ourIndex(one, data, "alone", 1),
      { ...ourIndex(many, data, "alone", 16), iterations: 160 },
      { ...ourIndex(listed, data, "candidates", 1), iterations: 50 },
    ],
    { rounds: 7, iterations: 20, progress },
  );
  const together = throughputRatio(rows, many, one);
  const recall = recalls(ready, [one, many], data, MILLION);
  return {
    rows,
    ratios: { [`${many}/${one}, per s`]: together },
    facts: recall,
    checks: [
      atLeast(`${one}, recall@10`, recall[`${one}, recall@10`], 1),
      atLeast("1M in JavaScript, 16 concurrent by one", together, 5),
      atMost("1M in JavaScript, candidates1000, ms", p50Of(rows, listed), 0.4),
    ],
  };
};

function ourIndex(
  name: string,
  { prefix, dimension, rows }: SearchData,
  mode: "alone" | "candidates",
  atOnce: number,
): Contestant {
  return {
    name,
    prepare: async () => nodeProgram("search-index", prefix, dimension, rows, mode, atOnce),
  };
}

function peersOf(data: SearchData, progress: Progress): readonly Contestant[] {
  const { prefix, dimension, rows } = data;
  const shape = [prefix, dimension, rows] as const;
  const peer = (
    name: string,
    prepare: () => Promise<readonly (string | number)[]>,
    iterations?: number,
  ): Contestant => ({
    name,
    ...(iterations !== undefined && { iterations }),
    async prepare() {
      await installPeers(progress);
      const [program = "", ...args] = await prepare();
      return { ...nodeProgram(String(program), ...args), env: hugePages };
    },
  });
  const hnswlib = () => compilePeer("hnswlib-node", "addon.node", progress);
  const built = (program: string, settings: readonly (string | number)[]) =>
    buildOnce(program, [...shape, ...settings], progress);
  return [
    peer("hnswlib-brute", async () => {
      await hnswlib();
      return ["hnswlib", "brute", ...shape];
    }),
    peer("hnswlib-hnsw", async () => {
      await hnswlib();
      const path = await built("hnswlib", [HNSWLIB.m, HNSWLIB.efConstruction]);
      return ["hnswlib", "hnsw", ...shape, HNSWLIB.efSearch, path];
    }),
    peer("usearch-exact", async () => ["usearch", "exact", ...shape]),
    peer("usearch-hnsw", async () => {
      const { m, efConstruction, efSearch, quantization } = USEARCH;
      const path = await built("usearch", [m, efConstruction, quantization]);
      return ["usearch", "hnsw", ...shape, efSearch, quantization, path];
    }),
    peer(
      "sqlite-vec",
      async () => {
        await compilePeer("better-sqlite3", "better_sqlite3.node", progress);
        return ["sqlite-vec", "vec0", ...shape];
      },
      5,
    ),
    peer("lancedb", async () => ["lancedb", "flat", ...shape, await built("lancedb", [])], 5),
  ];
}

/** A graph or a table that takes minutes to make: written by a program's mode `build`, once. */
async function buildOnce(
  program: string,
  settings: readonly (string | number)[],
  progress: Progress,
): Promise<string> {
  const [prefix = "", ...numbers] = settings.map(String);
  const path = join(cacheFolder, [program, ...numbers, prefix.slice(cacheFolder.length)].join("-"));
  if (existsSync(path)) return path;
  const scratch = `${path}.partial`;
  rmSync(scratch, { recursive: true, force: true });
  progress(`${program} builds what it needs (up to some minutes, once)`);
  const { command, args } = nodeProgram(program, "build", ...settings, scratch);
  try {
    await run(command, [...args]);
  } catch (cause) {
    throw new NotAvailable(`${program} could not build its index`, { cause });
  }
  renameSync(scratch, path);
  return path;
}
