import { existsSync } from "node:fs";

import { createEngine } from "../../src/engine.js";
import type { Alignment, Detector } from "../../src/engine-options.js";
import { euclidean } from "../../src/template.js";
import type { BenchCase, CaseResult, MeasuredRow } from "../case.js";
import { percentile, summarise } from "../statistics.js";
import { forAll, LFW_DEV, picturesByPerson } from "./strangers.js";

/** More pictures of one person would let the best known people decide. */
const PICTURES_EACH = 5;
const FALSE_MATCH_RATES = [1e-3, 1e-4];

interface Mode {
  readonly name: string;
  readonly detector: Detector;
  readonly alignment: Alignment;
}

const MODES: readonly Mode[] = [
  { name: "hog + dlib", detector: "hog", alignment: "dlib" },
  { name: "blazeface + dlib", detector: "blazeface", alignment: "dlib" },
  { name: "blazeface + mesh", detector: "blazeface", alignment: "mesh" },
];

/** A person's vectors, `undefined` where no face was found. */
type Vectors = readonly (Float32Array | undefined)[];

/**
 * How well the ways of getting a face onto its chip serve the same embedder (f32).
 *
 * Mated pairs: of each person's first five pictures. Non-mated: of every two people's first ones. A
 * picture without a face makes its mated pairs false non-matches.
 */
export const alignment: BenchCase = {
  name: "alignment",
  summary: "accuracy of each detector and alignment on ../shared/data/lfw-dev",
  async run(progress) {
    if (!existsSync(LFW_DEV)) {
      return { rows: [{ name: "analyze", unavailable: "no ../shared/data/lfw-dev" }], ratios: {} };
    }
    const people = picturesByPerson().map((pictures) => pictures.slice(0, PICTURES_EACH));
    const rows: MeasuredRow[] = [];
    const facts: Record<string, number | string> = {
      people: people.length,
      pictures: people.flat().length,
    };
    const vectors = new Map<string, readonly Vectors[]>();
    for (const mode of MODES) {
      const found = await vectorsOf(mode, people, progress);
      vectors.set(mode.name, found.vectors);
      rows.push({ name: mode.name, ...summarise(found.timesMs) });
      for (const [key, value] of Object.entries(accuracyOf(found.vectors))) {
        facts[`${mode.name}: ${key}`] = value;
      }
    }
    for (const [key, value] of distances(vectors)) facts[key] = value;
    return { rows, ratios: {}, facts } satisfies CaseResult;
  },
};

async function vectorsOf(
  { name, detector, alignment }: Mode,
  people: readonly (readonly string[])[],
  progress: (text: string) => void,
): Promise<{ vectors: readonly Vectors[]; timesMs: readonly number[] }> {
  await using engine = await createEngine({ detector, alignment, precision: "f32" });
  const vectors: Vectors[] = [];
  const timesMs: number[] = [];
  let done = 0;
  await forAll(people, engine.threads, async (pictures, person) => {
    const own: (Float32Array | undefined)[] = [];
    for (const path of pictures) {
      const started = performance.now();
      const [face] = await engine.analyze({ path }, { maxFaces: 1 });
      timesMs.push(performance.now() - started);
      own.push(face?.template?.vector);
    }
    vectors[person] = own;
    if (++done % 500 === 0) progress(`${name}: ${String(done)} of ${String(people.length)} people`);
  });
  return { vectors, timesMs };
}

function accuracyOf(people: readonly Vectors[]): Record<string, number> {
  const mated: number[] = [];
  for (const own of people) {
    own.forEach((a, i) => {
      for (const b of own.slice(i + 1)) mated.push(distance(a, b));
    });
  }
  const nonMated: number[] = [];
  people.forEach(([a], i) => {
    for (const [b] of people.slice(i + 1)) nonMated.push(distance(a, b));
  });
  const ours = Float64Array.from(mated).sort();
  const others = Float64Array.from(nonMated).sort();
  const rates = FALSE_MATCH_RATES.map((fmr) => {
    const threshold = others[Math.floor(fmr * others.length)] ?? 0;
    return [`TAR at FMR ${fmr.toExponential(0)}`, rounded(below(ours, threshold))] as const;
  });
  return {
    "without a face": people.flat().filter((vector) => vector === undefined).length,
    "mated pairs": mated.length,
    "non-mated pairs": nonMated.length,
    "balanced accuracy": rounded(bestAccuracy(ours, others)),
    ...Object.fromEntries(rates),
    "FMR at 0.6": rounded(below(others, 0.6)),
    "FNMR at 0.6": rounded(1 - below(ours, 0.6)),
  };
}

/** No face is like nobody's. */
function distance(a: Float32Array | undefined, b: Float32Array | undefined): number {
  return a === undefined || b === undefined ? Infinity : euclidean(a, b);
}

/** Which share of the ascending values is below. */
function below(sorted: Float64Array, threshold: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? Infinity) < threshold) low = middle + 1;
    else high = middle;
  }
  return low / sorted.length;
}

/** Mean of true match and true non-match rate, at the best threshold. */
function bestAccuracy(mated: Float64Array, nonMated: Float64Array): number {
  let best = 0;
  for (let threshold = 0.4; threshold < 0.8; threshold += 0.002) {
    best = Math.max(best, (below(mated, threshold) + 1 - below(nonMated, threshold)) / 2);
  }
  return best;
}

/** How far the modes' vectors of one picture are apart. */
function distances(modes: ReadonlyMap<string, readonly Vectors[]>): [string, number][] {
  const names = [...modes.keys()];
  return names.flatMap((a, i) =>
    names.slice(i + 1).flatMap((b) => {
      const first = modes.get(a)?.flat() ?? [];
      const second = modes.get(b)?.flat() ?? [];
      const found = first
        .map((vector, k) => distance(vector, second[k]))
        .filter((value) => value !== Infinity)
        .sort((x, y) => x - y);
      return [0.5, 0.99].map((share): [string, number] => [
        `L2 between ${a} and ${b}, ${String(100 * share)} %`,
        rounded(percentile(found, share)),
      ]);
    }),
  );
}

function rounded(value: number): number {
  return Number(value.toFixed(5));
}
