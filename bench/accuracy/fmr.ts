import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { createEngine, type Engine } from "../../src/engine.js";
import type { EngineOptions } from "../../src/engine-options.js";
import { euclidean } from "../../src/template.js";
import type { BenchCase, Row } from "../case.js";
import { repository } from "../paths.js";
import { summarise } from "../statistics.js";

const FOLDER = join(repository, "../shared/data/lfw-dev");
/** Rarer events than this many are too few to name a rate. */
const MIN_EVENTS = 10;
const BIN = 0.001;
const STEP = 0.01;

/**
 * How often two strangers come as close as a distance: the table of the model manifest.
 *
 * One picture per person, so that every comparison is of two people and none counts for more.
 */
export const fmr: BenchCase = {
  name: "fmr",
  summary: "false match rate by distance, over strangers of ../shared/data/lfw-dev",
  async run(progress) {
    if (!existsSync(FOLDER)) {
      return { rows: [{ name: "analyze", unavailable: "no ../shared/data/lfw-dev" }], ratios: {} };
    }
    const rows: Row[] = [];
    const facts: Record<string, string | number> = {};
    for (const options of ENGINES) {
      await using engine = await createEngine(options);
      progress(engine.pipeline);
      const { timesMs, ...counted } = await measure(engine, progress);
      rows.push({ name: engine.pipeline, ...summarise(timesMs) });
      facts["modelId"] = engine.modelId;
      for (const [name, value] of Object.entries(counted)) {
        facts[`${engine.pipeline}: ${name}`] = value;
      }
    }
    return { rows, ratios: {}, facts };
  },
};

/** One for each calibration of the manifest; bf16 shares that of f32. */
const ENGINES: readonly EngineOptions[] = (["f32", "int8"] as const).flatMap((precision) => [
  { precision },
  { precision, detector: "hog", alignment: "dlib" },
]);

interface Counted {
  readonly timesMs: readonly number[];
  readonly pictures: number;
  readonly withoutFace: number;
  readonly comparisons: number;
  readonly points: string;
}

async function measure(engine: Engine, progress: (text: string) => void): Promise<Counted> {
  const people = readdirSync(FOLDER).sort();
  const vectors: Float32Array[] = [];
  const timesMs: number[] = [];
  let done = 0;
  const next = people.values();
  const worker = async () => {
    for (const person of next) {
      const [picture] = readdirSync(join(FOLDER, person)).sort();
      if (picture === undefined) continue;
      const started = performance.now();
      const path = join(FOLDER, person, picture);
      const [face] = await engine.analyze({ path }, { maxFaces: 1 });
      timesMs.push(performance.now() - started);
      if (face?.template !== undefined) vectors.push(face.template.vector);
      if (++done % 500 === 0) progress(`${String(done)} of ${String(people.length)} pictures`);
    }
  };
  await Promise.all(Array.from({ length: engine.threads + 1 }, worker));

  const counts = histogram(vectors);
  const comparisons = (vectors.length * (vectors.length - 1)) / 2;
  return {
    timesMs,
    pictures: people.length,
    withoutFace: people.length - vectors.length,
    comparisons,
    points: JSON.stringify(pointsOf(counts, comparisons)),
  };
}

function histogram(vectors: readonly Float32Array[]): Uint32Array {
  const counts = new Uint32Array(Math.ceil(3 / BIN));
  vectors.forEach((a, i) => {
    for (const b of vectors.slice(i + 1)) {
      const bin = Math.min(counts.length - 1, Math.ceil(euclidean(a, b) / BIN));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  });
  return counts;
}

/** Points at every hundredth, from the first distance that enough pairs reach to the last. */
function pointsOf(
  counts: Uint32Array,
  comparisons: number,
): readonly { distance: number; fmr: number }[] {
  const points: { distance: number; fmr: number }[] = [];
  let below = 0;
  counts.forEach((count, bin) => {
    below += count;
    const isStep = bin % Math.round(STEP / BIN) === 0;
    const finished = points.at(-1)?.fmr === 1;
    if (isStep && below >= MIN_EVENTS && !finished) {
      points.push({
        distance: Number((bin * BIN).toFixed(2)),
        fmr: Number((below / comparisons).toPrecision(4)),
      });
    }
  });
  return points;
}
