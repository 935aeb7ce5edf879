import { readFile } from "node:fs/promises";

import { createEngine, type Engine } from "../../src/engine.js";
import type { BenchCase, CaseResult } from "../case.js";
import { writePhoto720 } from "../photo.js";
import { percentile, summarise } from "../statistics.js";

const ANALYSES = 10_000;
const SAMPLE_EVERY = 10;
/** The median of the last tenth may be this much above the median around a fifth of the way. */
const LIMIT_GROWTH = 0.02;

/** Whether memory stays flat over many analyses. */
export const memory: BenchCase = {
  name: "memory",
  summary: `resident memory over ${ANALYSES.toLocaleString("en")} analyses`,
  async run(progress) {
    await using engine = await createEngine();
    return await measure(engine, progress);
  },
};

async function measure(engine: Engine, progress: (text: string) => void): Promise<CaseResult> {
  const photo = await readFile(await writePhoto720());
  const timesMs: number[] = [];
  const residentMiB: number[] = [];
  let started = 0;
  const worker = async () => {
    while (started < ANALYSES) {
      started++;
      const begin = performance.now();
      await engine.analyze(photo);
      timesMs.push(performance.now() - begin);
      if (timesMs.length % SAMPLE_EVERY === 0) {
        residentMiB.push(process.memoryUsage.rss() / 2 ** 20);
      }
      if (timesMs.length % 1000 === 0) progress(`${String(timesMs.length)} analyses`);
    }
  };
  await Promise.all(Array.from({ length: engine.threads + 1 }, worker));

  const medianOf = (from: number, to: number) => {
    const part = residentMiB.slice(residentMiB.length * from, residentMiB.length * to);
    return percentile(
      part.sort((a, b) => a - b),
      0.5,
    );
  };
  const early = medianOf(0.15, 0.25);
  const late = medianOf(0.9, 1);
  const growth = late / early - 1;
  return {
    rows: [{ name: "analyze", ...summarise(timesMs) }],
    ratios: {},
    facts: {
      // glibc's: see docs/decisions.md.
      mmapThreshold: process.env["MALLOC_MMAP_THRESHOLD_"] ?? "dynamic",
      rssMiBAtAFifth: Number(early.toFixed(1)),
      rssMiBAtTheEnd: Number(late.toFixed(1)),
      rssMiBAtMost: Number(Math.max(...residentMiB).toFixed(1)),
    },
    checks: [
      {
        name: "growth of resident memory",
        pass: growth <= LIMIT_GROWTH,
        value: growth,
        limit: LIMIT_GROWTH,
      },
    ],
  };
}
