import { ratiosOf, withFmaShare, type BenchCase } from "../case.js";
import type { Contestant } from "../contestant.js";
import { nodeProgram, tensorflow } from "../node-program.js";
import { writePhoto720, writePictures } from "../photo.js";
import {
  buildBench,
  buildPeer,
  fmaPeak,
  models,
  networkMflop,
  singleThread,
  thirdParty,
} from "../programs.js";
import { race } from "../race.js";

const MESH = "mesh";
const FIVE_POINTS = "dlib-5";
const PEERS = ["dlib", "human-mesh"] as const;

/** A known face of the 720p photo to its chip of 150 x 150. */
export const align: BenchCase = {
  name: "align",
  summary: "a detected face to its chip: FaceMesh, dlib's 5 points, dlib, human, one core each",
  async run(progress) {
    const photo = await writePhoto720();
    const [picture = ""] = await writePictures([photo]);
    const ours = (name: string, ...args: readonly string[]): Contestant => ({
      name,
      prepare: async () => ({
        command: await buildBench("vision_bench", progress),
        args: ["align", ...args, picture],
      }),
    });
    const { rows } = await race(
      [
        ours(MESH, "mesh", models.blazeface, models.facemesh),
        ours(FIVE_POINTS, "dlib", models.landmarks),
        {
          name: "dlib",
          prepare: async () => ({
            command: await buildPeer("dlib_peer", progress),
            args: ["align", thirdParty.landmarks, photo],
            env: singleThread,
          }),
        },
        tensorflow("human-mesh", progress, 1, () => nodeProgram("human", "mesh", 1, photo)),
      ],
      { rounds: 20, iterations: 30, progress },
    );
    const peak = await fmaPeak(progress);
    await buildBench("network_bench", progress);
    return {
      rows: withFmaShare(rows, peak, { [MESH]: await networkMflop(models.facemesh) }),
      ratios: { ...ratiosOf(rows, MESH, PEERS), ...ratiosOf(rows, FIVE_POINTS, PEERS) },
      facts: { "FMA peak of a core, GFLOP/s": peak },
    };
  },
};
