import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

import sharp from "sharp";

import type { BenchCase } from "../case.js";
import { cacheFolder, repository } from "../paths.js";
import { buildBench, models } from "../programs.js";
import { compareAll, matchRateAt, resamples, type Comparisons } from "./match-rates.js";

const run = promisify(execFile);
const FOLDER = join(repository, "../shared/data/lfw-dev");
const SIDE = 250;
const FALSE_MATCH_RATES = [1e-3, 1e-4];
/** More pictures of one person would let the best known people decide. */
const PICTURES_EACH = 5;
/** Beyond every threshold below; pairs of strangers farther apart are only counted. */
const WITHIN = 0.62;
const RESAMPLES = 200;
/** The three convolutions that read the map of 4 x 4, and a cap that is never reached. */
const LAST_MAP = [22, 24, 26];
const NO_CAP = "1e9";

/** What is changed, as precision_study knows it, and where it cuts inputs off. */
type Caps = "own" | "largest" | "last map";
const VARIANTS: readonly { name: string; variant: string; caps?: Caps; fraction?: number }[] = [
  { name: "f32", variant: "f32" },
  { name: "bf16", variant: "bf16" },
  { name: "int8", variant: "int8" },
  { name: "weights rounded", variant: "weights" },
  { name: "inputs rounded, not cut off", variant: "inputs", caps: "largest" },
  { name: "both rounded, not cut off", variant: "all", caps: "largest" },
  { name: "inputs cut off", variant: "clip" },
  { name: "inputs of the last map cut off", variant: "clip", caps: "last map", fraction: 0.9999 },
  { name: "the same, at 99.9 %", variant: "clip", caps: "last map", fraction: 0.999 },
];

/**
 * What each part of int8 does to the accuracy. Mated pairs are of each person's first pictures,
 * pairs of strangers of all pictures; intervals are of 95 %, over people drawn again, and those of
 * a difference are paired.
 */
export const precision: BenchCase = {
  name: "precision",
  summary: "true match rates of bf16, int8 and its parts, on ../shared/data/lfw-dev",
  async run(progress) {
    if (!existsSync(FOLDER)) {
      return { rows: [{ name: "int8", unavailable: "no ../shared/data/lfw-dev" }], ratios: {} };
    }
    const study = await buildBench("precision_study", progress);
    const chips = join(cacheFolder, "lfw-dev.chips");
    const people = await cutChips(study, chips, progress);
    const draws = resamples(Math.max(...people) + 1, RESAMPLES);
    const facts: Record<string, number | string> = { pictures: people.length };
    let base: readonly (readonly number[])[] | undefined;
    for (const { name, variant, caps = "own", fraction = 1 } of VARIANTS) {
      progress(name);
      const out = join(cacheFolder, "precision.f32");
      const given = await capsOf(study, chips, caps, fraction);
      await run(study, ["run", models.embedder, chips, variant, out, ...given]);
      const bytes = readFileSync(out);
      const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      const comparisons = compareAll(vectors, people, PICTURES_EACH, WITHIN);
      const rates = draws.map((draw) => ratesOf(comparisons, draw));
      base ??= rates;
      FALSE_MATCH_RATES.forEach((fmr, i) => {
        facts[`${name}: TAR at FMR ${fmr.toExponential(0)}`] = described(
          matchRateAt(comparisons, fmr),
          rates.map((rate) => rate[i] ?? NaN),
          rates.map((rate, draw) => (rate[i] ?? NaN) - (base?.[draw]?.[i] ?? NaN)),
        );
      });
    }
    return { rows: [], ratios: {}, facts };
  },
};

/** Cuts each picture's largest face out; whose faces they are. */
async function cutChips(
  study: string,
  chips: string,
  progress: (text: string) => void,
): Promise<readonly number[]> {
  mkdirSync(cacheFolder, { recursive: true });
  const names = readdirSync(FOLDER).sort();
  const program = spawn(study, ["cut", models.blazeface, models.facemesh, chips], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answer = text(program.stdout);
  const people: number[] = [];
  for (const [person, name] of names.entries()) {
    if (person % 500 === 0)
      progress(`chips of ${String(person)} of ${String(names.length)} people`);
    for (const picture of readdirSync(join(FOLDER, name)).sort()) {
      const path = join(FOLDER, name, picture);
      const pixels = await sharp(path).toColourspace("srgb").removeAlpha().raw().toBuffer();
      if (pixels.length !== SIDE * SIDE * 3) throw new Error(`${path}: not 250 x 250`);
      people.push(person);
      if (!program.stdin.write(pixels)) {
        await new Promise((resolve) => program.stdin.once("drain", resolve));
      }
    }
  }
  program.stdin.end();
  const found = (await answer).trim().split("\n");
  if (found.length !== people.length) throw new Error("precision_study lost pictures");
  return people.filter((_, i) => found[i] === "1");
}

async function capsOf(
  study: string,
  chips: string,
  caps: Caps,
  fraction: number,
): Promise<readonly string[]> {
  if (caps === "own") return [];
  const { stdout } = await run(study, ["caps", models.embedder, chips, String(fraction), "10"]);
  const all = stdout.trim().split(", ");
  return caps === "largest" ? all : all.map((cap, i) => (LAST_MAP.includes(i) ? cap : NO_CAP));
}

function ratesOf(comparisons: Comparisons, draw: readonly number[]): readonly number[] {
  return FALSE_MATCH_RATES.map((fmr) => matchRateAt(comparisons, fmr, draw).rate);
}

function described(
  { threshold, rate }: { threshold: number; rate: number },
  rates: readonly number[],
  differences: readonly number[],
): string {
  const interval = (values: readonly number[]) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share: number) => (100 * (sorted[Math.floor(share * RESAMPLES)] ?? NaN)).toFixed(1);
    return `${at(0.025)} to ${at(0.975)}`;
  };
  return (
    `${(100 * rate).toFixed(1)} % (${interval(rates)}), ` +
    `to f32 ${interval(differences)}, at distance ${threshold.toFixed(3)}`
  );
}
