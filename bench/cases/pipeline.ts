import { ratiosOf, type BenchCase } from "../case.js";
import type { Contestant } from "../contestant.js";
import { installPeers } from "../install.js";
import { bundleFolder } from "../paths.js";
import { writePhoto720 } from "../photo.js";
import { buildPeer, singleThread, thirdParty } from "../programs.js";
import { race } from "../race.js";
import { difference } from "../statistics.js";

const OURS = "jpeg720";
const PEERS = ["dlib", "human", "face-api-ssd", "face-api-tiny224"] as const;

/** JPEG bytes of a 1280 x 720 picture with one face, to its template. */
export const pipeline: BenchCase = {
  name: "pipeline",
  summary: "JPEG bytes (1280 x 720, one face) to template, one core each",
  async run(progress) {
    const photo = await writePhoto720();
    const node = (file: string, ...args: string[]) => ({
      command: process.execPath,
      args: [`${bundleFolder}${file}.js`, ...args, photo],
    });
    const tensorflow = (name: string, file: string, ...args: string[]): Contestant => ({
      name,
      async prepare() {
        await installPeers(progress);
        return node(file, ...args);
      },
    });
    const dlib: Contestant = {
      name: "dlib",
      async prepare() {
        const command = await buildPeer("dlib_peer", progress);
        const args = ["pipeline", thirdParty.network, thirdParty.landmarks, photo];
        return { command, args, env: singleThread };
      },
    };
    const { rows, ready } = await race(
      [
        { name: OURS, prepare: () => Promise.resolve(node("countenance")) },
        dlib,
        tensorflow("human", "human"),
        tensorflow("face-api-ssd", "face-api", "ssd"),
        tensorflow("face-api-tiny224", "face-api", "tiny224"),
      ],
      { rounds: 20, iterations: 5, progress },
    );

    // The same network and alignment, but ours detects on a smaller picture: close, not equal.
    const ours = ready.get(OURS)?.vectors[0];
    const theirs = ready.get("dlib")?.vectors[0];
    const facts =
      ours !== undefined && theirs !== undefined
        ? { "distance to dlib's vector": difference(ours, theirs).euclidean }
        : {};
    return { rows, ratios: ratiosOf(rows, OURS, PEERS), facts };
  },
};
