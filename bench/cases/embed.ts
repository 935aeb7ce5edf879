import { join } from "node:path";

import { ratiosOf, throughputRatio, withFmaShare, type BenchCase, type Row } from "../case.js";
import { NotAvailable, type Contestant, type Ready } from "../contestant.js";
import { allCores } from "../cores.js";
import { cacheFolder } from "../paths.js";
import { writePictures } from "../photo.js";
import {
  buildBench,
  buildPeer,
  cutChips,
  fmaPeak,
  models,
  singleThread,
  thirdParty,
  type PeerProgram,
} from "../programs.js";
import { race } from "../race.js";
import { difference } from "../statistics.js";

const OURS = "f32";
/** The kernels that a CPU without AVX-512 gets. */
const OURS_AVX2 = "avx2";
/** Products of fewer bits: `not available` where the CPU lacks their instructions. */
const OURS_ROUNDED = ["bf16", "int8"] as const;
const PEERS = ["dlib", "dlib-best", "onednn", "onednn-best", "xnnpack"] as const;

/** Rows of as many networks at once as there are cores: chips per second, and latency under load. */
const ALL = "-all";
const PEERS_ALL = ["dlib", "onednn-best", "xnnpack"] as const;

/** Two libraries that compute the same network differ by rounding, far below this. */
const MAX_DIFFERENCE = 1e-3;

/** Multiplications and additions of the network as its layers are written down: what dlib does. */
const NETWORK_MFLOP = 540.6;

type Program = "embed_bench" | PeerProgram;

/** They run our model file: their vectors must be ours. dlib runs its own, compared in the facts. */
const LIBRARIES: ReadonlySet<Program> = new Set(["onednn_peer", "xnnpack_peer"]);

/** The program's arguments before and after the number of threads, and OpenBLAS's kernels. */
interface Options {
  readonly before?: readonly string[];
  readonly threads?: number;
  readonly after?: readonly string[];
  readonly kernels?: string;
}

/** One 150 x 150 chip to one vector: the network alone. */
export const embed: BenchCase = {
  name: "embed",
  summary: "one face chip (150 x 150) to its vector, one core each: dlib, oneDNN, XNNPACK",
  async run(progress) {
    const chips = join(cacheFolder, "chips.rgb");
    const pictures = await writePictures();
    // Every row needs the chips, and the first one makes them.
    let cut: Promise<void> | undefined;
    const prepareChips = () => (cut ??= cutChips(progress, pictures, chips));
    const onChips = (name: string, program: Program, options: Options): Contestant => {
      const { before = [], threads = 1, after = [], kernels } = options;
      const model = program === "dlib_peer" ? thirdParty.network : models.embedder;
      return {
        name,
        cores: threads,
        ...(LIBRARIES.has(program) && { like: { row: OURS, maxAbsolute: MAX_DIFFERENCE } }),
        async prepare() {
          await prepareChips();
          return {
            command:
              program === "embed_bench"
                ? await buildBench(program, progress)
                : await buildPeer(program, progress),
            args: ["embed", model, chips, ...before, String(threads), ...after],
            env: { ...singleThread, ...(kernels !== undefined && { OPENBLAS_CORETYPE: kernels }) },
          };
        },
      };
    };
    const ours = (name: string, precision: string, level = "best", threads = 1) =>
      onChips(name, "embed_bench", { before: [precision, level], threads });
    const winograd = ["winograd"];
    const threads = allCores;
    const { rows, ready } = await race(
      [
        ours(OURS, OURS),
        ...OURS_ROUNDED.map((precision) => ours(precision, precision)),
        ours(OURS_AVX2, OURS, "AVX2"),
        onChips("dlib", "dlib_peer", {}),
        onChips("dlib-best", "dlib_peer", { kernels: "SkylakeX" }),
        onChips("dlib-haswell", "dlib_peer", { kernels: "Haswell" }),
        onChips("onednn", "onednn_peer", {}),
        onChips("onednn-best", "onednn_peer", { after: winograd }),
        onChips("xnnpack", "xnnpack_peer", {}),
        ...[OURS, ...OURS_ROUNDED].map((one) => ours(one + ALL, one, "best", threads)),
        onChips(`dlib${ALL}`, "dlib_peer", { threads }),
        onChips(`onednn-best${ALL}`, "onednn_peer", { threads, after: winograd }),
        onChips(`xnnpack${ALL}`, "xnnpack_peer", { threads }),
      ],
      { rounds: 20, iterations: 20, progress },
    );
    const peak = await fmaPeak(progress);
    return {
      // bf16 can do twice the peak of f32, int8 four times: their shares are of f32's too.
      rows: withFmaShare(
        rows,
        peak,
        Object.fromEntries([OURS, ...OURS_ROUNDED, OURS_AVX2].map((row) => [row, NETWORK_MFLOP])),
      ),
      ratios: {
        ...ratiosOf(rows, OURS, PEERS),
        ...ratiosOf(rows, "bf16", PEERS),
        ...ratiosOf(rows, "int8", PEERS),
        ...ratiosOf(rows, OURS_AVX2, [...PEERS, "dlib-haswell"]),
        ...throughputs(rows),
      },
      facts: {
        ...agreement("", ready.get(OURS), ready.get("dlib")),
        ...agreement("bf16: ", ready.get("bf16"), ready.get("dlib")),
        ...agreement("int8: ", ready.get("int8"), ready.get("dlib")),
        "FMA peak of a core, GFLOP/s": peak,
      },
    };
  },
};

/** Chips per second on all cores: by one core, and by the peers on all. */
function throughputs(rows: readonly Row[]): Record<string, number | null> {
  const ratios: Record<string, number | null> = {};
  for (const one of [OURS, ...OURS_ROUNDED]) {
    const all = one + ALL;
    for (const other of [one, ...PEERS_ALL.map((peer) => peer + ALL)]) {
      ratios[`chips per s, ${all}/${other}`] = throughputRatio(rows, all, other);
    }
  }
  return ratios;
}

/** The worst disagreement between two rows' vectors of the same chips. */
function agreement(
  prefix: string,
  ours: Ready | undefined,
  theirs: Ready | undefined,
): Record<string, number> {
  if (ours === undefined || theirs === undefined) return {};
  const differences = ours.vectors.map((vector, i) => {
    const other = theirs.vectors[i];
    if (other === undefined) throw new NotAvailable("the rows embedded different chips");
    return difference(vector, other);
  });
  return {
    [`${prefix}chips`]: differences.length,
    [`${prefix}max abs difference to dlib`]: Math.max(...differences.map((d) => d.maxAbsolute)),
    [`${prefix}max distance to dlib`]: Math.max(...differences.map((d) => d.euclidean)),
    [`${prefix}max cosine distance to dlib`]: Math.max(...differences.map((d) => d.cosineDistance)),
  };
}
