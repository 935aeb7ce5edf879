import { ratiosOf, type BenchCase } from "../case.js";
import { dlibChain, faceApiChain, humanChain, ourChain } from "../chain.js";
import { writePhoto720 } from "../photo.js";
import { race } from "../race.js";
import { difference } from "../statistics.js";

const OURS = "jpeg720";
const PEERS = ["dlib", "human", "face-api-ssd", "face-api-tiny224"] as const;

/** JPEG bytes of a 1280 x 720 picture with one face, to its template. */
export const pipeline: BenchCase = {
  name: "pipeline",
  summary: "JPEG bytes (1280 x 720, one face) to template, one core each",
  async run(progress) {
    const options = { photo: await writePhoto720(), progress };
    const { rows, ready } = await race(
      [
        ourChain(OURS, options),
        dlibChain("dlib", options),
        humanChain("human", options),
        faceApiChain("face-api-ssd", "ssd", options),
        faceApiChain("face-api-tiny224", "tiny224", options),
      ],
      { rounds: 20, iterations: 5, progress },
    );

    // The same network, but another detector and alignment: close, not equal.
    const ours = ready.get(OURS)?.vectors[0];
    const theirs = ready.get("dlib")?.vectors[0];
    const facts =
      ours !== undefined && theirs !== undefined
        ? { "distance to dlib's vector": difference(ours, theirs).euclidean }
        : {};
    return { rows, ratios: ratiosOf(rows, OURS, PEERS), facts };
  },
};
