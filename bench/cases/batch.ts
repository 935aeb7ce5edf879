import { throughputRatio, type BenchCase } from "../case.js";
import { dlibChain, faceApiChain, humanChain, ourChain } from "../chain.js";
import { allCores } from "../cores.js";
import type { Contestant } from "../contestant.js";
import { writePhoto720 } from "../photo.js";
import { race } from "../race.js";

/** Pictures beyond the workers: they are decoded while the workers are busy. */
const AHEAD = 2;
/** Per round: they take up to a third of a second each. */
const PEER_ITERATIONS = 8;
const FORMS = ["jpeg", "raw"] as const;
const PEERS = ["dlib-all", "human-all", "face-api-ssd-all", "face-api-tiny224-all"] as const;

/** Many pictures at once: how throughput grows with workers, each of which has a core. */
export const batch: BenchCase = {
  name: "batch",
  summary: "pictures per second and latency under load with 1, 2 and all workers and cores",
  async run(progress) {
    const photo = await writePhoto720();
    const all = { photo, threads: allCores, progress };
    const { rows } = await race(
      [
        ...FORMS.flatMap((form) => [
          ours(`${form}-1`, 1),
          ours(`${form}-2`, 2),
          ours(`${form}-all`, allCores),
        ]),
        ...[
          dlibChain("dlib-all", all),
          humanChain("human-all", all),
          faceApiChain("face-api-ssd-all", "ssd", all),
          faceApiChain("face-api-tiny224-all", "tiny224", all),
        ].map((peer) => ({ ...peer, iterations: PEER_ITERATIONS })),
      ],
      { rounds: 6, iterations: 60, progress },
    );
    function ours(name: string, threads: number): Contestant {
      const form = name.startsWith("raw") ? "raw" : "jpeg";
      return ourChain(name, { photo, threads, form, atOnce: threads + AHEAD, progress });
    }

    const times = (name: string, other: string) => throughputRatio(rows, name, other);
    return {
      rows,
      ratios: {
        "two workers / one": allCores < 2 ? null : times("jpeg-2", "jpeg-1"),
        "two workers / one, raw": allCores < 2 ? null : times("raw-2", "raw-1"),
        "all workers / one": times("jpeg-all", "jpeg-1"),
        "all workers / one, raw": times("raw-all", "raw-1"),
        ...Object.fromEntries(
          PEERS.map((peer) => [`pictures per s, jpeg-all/${peer}`, times("jpeg-all", peer)]),
        ),
      },
      facts: { cores: allCores, atOnce: `workers + ${String(AHEAD)}` },
    };
  },
};
