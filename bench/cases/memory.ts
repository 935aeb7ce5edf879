import { readFile } from "node:fs/promises";

import { createEngine, type Engine } from "../../src/engine.js";
import type { BenchCase, CaseResult } from "../case.js";
import { writePhoto720 } from "../photo.js";
import { percentile, summarise } from "../statistics.js";

const ANALYSES = 10_000;
const SAMPLE_EVERY = 10;
/** Caches and pools have filled by then: memory is to stay as it is from here on. */
const WARM_AFTER = 1_000;
/** Medians are of so many analyses, since resident memory goes up and down with each. */
const WINDOW = 1_000;
/** The last window's median may be this much above the first one's. */
const LIMIT_GROWTH = 0.02;

/** Whether memory stays flat over many analyses. */
export const memory: BenchCase = {
  name: "memory",
  summary: `resident memory over ${ANALYSES.toLocaleString("en")} analyses, or --count`,
  async run(progress, { count = ANALYSES }) {
    if (count < WARM_AFTER + 2 * WINDOW) {
      const unavailable = `needs a --count of at least ${String(WARM_AFTER + 2 * WINDOW)}`;
      return { rows: [{ name: "analyze", unavailable }], ratios: {} };
    }
    await using engine = await createEngine();
    return await measure(engine, count, progress);
  },
};

async function measure(
  engine: Engine,
  count: number,
  progress: (text: string) => void,
): Promise<CaseResult> {
  const photo = await readFile(await writePhoto720());
  // Whole from the start: lists that grow would be measured too.
  const timesMs = new Float64Array(count);
  const residentMiB = new Float64Array(Math.floor(count / SAMPLE_EVERY));
  const nativeMiB = new Float64Array(residentMiB.length);
  let started = 0;
  let done = 0;
  const worker = async () => {
    while (started < count) {
      started++;
      const begin = performance.now();
      await engine.analyze(photo);
      timesMs[done++] = performance.now() - begin;
      if (done % SAMPLE_EVERY === 0) {
        const { rss, heapTotal, external } = process.memoryUsage();
        residentMiB[done / SAMPLE_EVERY - 1] = rss / 2 ** 20;
        nativeMiB[done / SAMPLE_EVERY - 1] = (rss - heapTotal - external) / 2 ** 20;
      }
      if (done % 1000 === 0) progress(`${String(done)} analyses`);
    }
  };
  await Promise.all(Array.from({ length: engine.threads + 1 }, worker));

  const medianFrom = (samples: Float64Array, analysis: number) => {
    const first = analysis / SAMPLE_EVERY;
    const window = samples.slice(first, first + WINDOW / SAMPLE_EVERY).sort();
    return percentile(Array.from(window), 0.5);
  };
  const end = residentMiB.length * SAMPLE_EVERY - WINDOW;
  const early = medianFrom(residentMiB, WARM_AFTER);
  const late = medianFrom(residentMiB, end);
  const growth = late / early - 1;
  return {
    rows: [{ name: "analyze", ...summarise(Array.from(timesMs)) }],
    ratios: {},
    facts: {
      // glibc's: see docs/decisions.md.
      mmapThreshold: process.env["MALLOC_MMAP_THRESHOLD_"] ?? "dynamic",
      analyses: count,
      pipeline: engine.pipeline,
      rssMiBFrom1000: Number(early.toFixed(1)),
      rssMiBAtTheEnd: Number(late.toFixed(1)),
      rssMiBAtMost: Number(residentMiB.reduce((most, one) => Math.max(most, one)).toFixed(1)),
      growth: Number(growth.toFixed(4)),
      // Less V8's heap, whose young generation takes thousands of analyses to reach its full size.
      nativeMiBFrom1000: Number(medianFrom(nativeMiB, WARM_AFTER).toFixed(1)),
      nativeMiBAtTheEnd: Number(medianFrom(nativeMiB, end).toFixed(1)),
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
