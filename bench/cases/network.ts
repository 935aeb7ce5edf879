import { basename } from "node:path";

import { ratiosOf, withFmaShare, type BenchCase } from "../case.js";
import type { Contestant } from "../contestant.js";
import { buildBench, buildPeer, fmaPeak, models, networkMflop, singleThread } from "../programs.js";
import { race } from "../race.js";

const NETWORKS = [models.blazeface, models.facemesh, models.iris];
/** The kernels of older CPUs, which every newer one can run too; the first row has the best. */
const OLDER_LEVELS = ["AVX2", "SSE4", "baseline"];
const XNNPACK = "-xnnpack";
/** Outputs are pixels of the input, and reach some hundreds. */
const MAX_DIFFERENCE = 1e-3;

/** The networks of detection and alignment alone: floats to floats, on one core. */
export const network: BenchCase = {
  name: "network",
  summary: "BlazeFace, FaceMesh and iris alone, by level of CPUs, one core each: XNNPACK",
  async run(progress) {
    const contestants = NETWORKS.flatMap((model) => contestantsOf(model, progress));
    const { rows } = await race(contestants, { rounds: 10, iterations: 10, progress });
    const peak = await fmaPeak(progress);
    const mflop = new Map<string, number>();
    for (const model of NETWORKS) mflop.set(nameOf(model), await networkMflop(model));
    const ours = contestants.map(({ name }) => name).filter((name) => !name.endsWith(XNNPACK));
    const workOf = (row: string) => mflop.get(row.split("-")[0] ?? "") ?? 0;
    return {
      rows: withFmaShare(rows, peak, Object.fromEntries(ours.map((row) => [row, workOf(row)]))),
      ratios: Object.fromEntries(
        [...mflop.keys()].flatMap((name) => Object.entries(ratiosOf(rows, name, [name + XNNPACK]))),
      ),
      facts: {
        "FMA peak of a core, GFLOP/s": peak,
        ...Object.fromEntries([...mflop].map(([name, value]) => [`${name}, MFLOP`, value])),
      },
    };
  },
};

function nameOf(model: string): string {
  return basename(model, ".bin");
}

function contestantsOf(model: string, progress: (text: string) => void): readonly Contestant[] {
  const best = nameOf(model);
  const like = { row: best, maxAbsolute: MAX_DIFFERENCE };
  const ours = (...level: readonly string[]) => ({
    prepare: async () => ({
      command: await buildBench("network_bench", progress),
      args: ["run", model, ...level],
    }),
  });
  return [
    { name: best, ...ours() },
    ...OLDER_LEVELS.map((level) => ({
      name: `${best}-${level.toLowerCase()}`,
      like,
      ...ours(level),
    })),
    {
      name: best + XNNPACK,
      like,
      prepare: async () => ({
        command: await buildPeer("xnnpack_peer", progress),
        args: ["network", model],
        env: singleThread,
      }),
    },
  ];
}
