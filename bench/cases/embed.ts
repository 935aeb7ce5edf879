import { join } from "node:path";

import { ratiosOf, withFmaShare, type BenchCase } from "../case.js";
import { NotAvailable, type Contestant, type Ready } from "../contestant.js";
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

/** Two libraries that compute the same network differ by rounding, far below this. */
const MAX_DIFFERENCE = 1e-3;

/** Multiplications and additions of the network as its layers are written down: what dlib does. */
const NETWORK_MFLOP = 540.6;

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
    const ours = (name: string, ...options: readonly string[]): Contestant => ({
      name,
      async prepare() {
        await prepareChips();
        const command = await buildBench("embed_bench", progress);
        return { command, args: ["embed", models.embedder, chips, ...options] };
      },
    });
    const dlib = (name: string, env: Readonly<Record<string, string>>): Contestant => ({
      name,
      async prepare() {
        await prepareChips();
        const command = await buildPeer("dlib_peer", progress);
        return { command, args: ["embed", thirdParty.network, chips], env };
      },
    });
    const library = (
      name: string,
      program: PeerProgram,
      ...options: readonly string[]
    ): Contestant => ({
      name,
      like: { row: OURS, maxAbsolute: MAX_DIFFERENCE },
      async prepare() {
        await prepareChips();
        const command = await buildPeer(program, progress);
        return {
          command,
          args: ["embed", models.embedder, chips, ...options],
          env: singleThread,
        };
      },
    });
    const { rows, ready } = await race(
      [
        ours(OURS),
        ...OURS_ROUNDED.map((precision) => ours(precision, precision)),
        ours(OURS_AVX2, OURS, "AVX2"),
        dlib("dlib", singleThread),
        dlib("dlib-best", { ...singleThread, OPENBLAS_CORETYPE: "SkylakeX" }),
        dlib("dlib-haswell", { ...singleThread, OPENBLAS_CORETYPE: "Haswell" }),
        library("onednn", "onednn_peer"),
        library("onednn-best", "onednn_peer", "winograd"),
        library("xnnpack", "xnnpack_peer", "1"),
      ],
      { rounds: 30, iterations: 20, progress },
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
