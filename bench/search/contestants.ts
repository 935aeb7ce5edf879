import type { Contestant } from "../contestant.js";
import { buildFaiss, type FaissBuild } from "../faiss.js";
import { buildBench, singleThread } from "../programs.js";
import type { SearchData } from "./data.js";

type Progress = (text: string) => void;

/** What is stated of a row's memory traffic is stated against this one. */
export const READ = "read";
export const READ_BYTES = 512e6;

/** glibc then puts large arrays on huge pages, as ours are: up to a third faster for the peers. */
export const hugePages = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };

export interface Rounds {
  readonly iterations?: number;
}

/** Reads memory and does nothing else. */
export function reading(progress: Progress): Contestant {
  return {
    name: READ,
    async prepare() {
      const command = await buildBench("search_bench", progress);
      return { command, args: ["read", String(READ_BYTES / 1e6)] };
    },
  };
}

/** Our index in C++; `how` as search_bench says. */
export function ours(
  name: string,
  data: SearchData,
  how: readonly (string | number)[],
  progress: Progress,
  { iterations }: Rounds = {},
): Contestant {
  return {
    name,
    ...(iterations !== undefined && { iterations }),
    async prepare() {
      const command = await buildBench("search_bench", progress);
      return { command, args: ["index", ...argumentsOf(data), ...how.map(String)] };
    },
  };
}

/** Ours without its tables: `count` rows whose places are known. */
export function slots(
  name: string,
  data: SearchData,
  count: number,
  progress: Progress,
  { iterations }: Rounds = {},
): Contestant {
  return {
    name,
    ...(iterations !== undefined && { iterations }),
    async prepare() {
      const command = await buildBench("search_bench", progress);
      return { command, args: ["slots", ...argumentsOf(data), String(count)] };
    },
  };
}

/** The work of a scan without any codes, at its plainest. */
export function plain(name: string, data: SearchData, progress: Progress): Contestant {
  return {
    name,
    async prepare() {
      const command = await buildBench("search_bench", progress);
      return { command, args: ["plain", ...argumentsOf(data)] };
    },
  };
}

export interface FaissOptions extends Rounds {
  readonly build: FaissBuild;
  readonly kind: "flat" | "sq8";
  /** Queries per iteration. Default 1. */
  readonly atOnce?: number;
  readonly blas?: boolean;
}

export function faiss(
  name: string,
  data: SearchData,
  { build, kind, atOnce = 1, blas = false, iterations }: FaissOptions,
  progress: Progress,
): Contestant {
  return {
    name,
    ...(iterations !== undefined && { iterations }),
    async prepare() {
      const args = [...argumentsOf(data), kind, String(atOnce), ...(blas ? ["blas"] : [])];
      const command = await buildFaiss(build, progress);
      return { command, args, env: { ...singleThread, ...hugePages } };
    },
  };
}

function argumentsOf({ prefix, dimension, rows }: SearchData): readonly string[] {
  return [prefix, String(dimension), String(rows)];
}

/**
 * The bytes that a search of ours must read, by what its stages counted: of codes half a byte per
 * dimension and two floats, of vectors all.
 */
export function bytesRead(
  dimension: number,
  stages: Readonly<Record<string, number>> | undefined,
): number | undefined {
  const { scanned, refined, reranked } = stages ?? {};
  if (scanned === undefined || refined === undefined || reranked === undefined) return undefined;
  const codes = dimension / 2 + 8;
  return (scanned + refined) * codes + reranked * dimension * 4;
}
