import { existsSync } from "node:fs";

import { ratiosOf, withFmaShare, type BenchCase } from "../case.js";
import { NotAvailable, type Contestant, type Ready } from "../contestant.js";
import { nodeProgram, tensorflow } from "../node-program.js";
import { samplePhotos, writePhoto720, writePictures } from "../photo.js";
import { buildBench, buildPeer, fmaPeak, models, networkMflop, singleThread } from "../programs.js";
import { race } from "../race.js";

const PEERS = ["dlib", "human", "face-api-ssd", "face-api-tiny224"] as const;
/** Per round: they take up to a second each. */
const PEER_ITERATIONS = 6;
/** What BlazeFace runs on for 1280 x 720: its letterbox of 256 without the bars, in steps of 32. */
const SEEN_OF_720P = [160, 256] as const;
/** Rows of the demo photos, of several faces each, in turn. */
const SAMPLES = "-samples";

/** Pixels to boxes: the 720p photo with one face, and the demo photos. */
export const detect: BenchCase = {
  name: "detect",
  summary: "pixels to faces: BlazeFace, YuNet, HOG, dlib, human, face-api, one core each",
  async run(progress) {
    const photo720 = [await writePhoto720()];
    const contestants = [
      ...(await contestantsFor(photo720, "", progress)),
      ...(await contestantsFor(samplePhotos(), SAMPLES, progress)),
    ];
    const { rows, ready } = await race(contestants, { rounds: 6, iterations: 24, progress });
    const peak = await fmaPeak(progress);
    await buildBench("network_bench", progress);
    const mflop = await networkMflop(models.blazeface, ...SEEN_OF_720P);
    const keysFor = (ours: string) => ({
      ...ratiosOf(rows, ours, PEERS),
      ...ratiosOf(
        rows,
        ours + SAMPLES,
        PEERS.map((peer) => peer + SAMPLES),
      ),
    });
    return {
      rows: withFmaShare(rows, peak, { blazeface: mflop }),
      ratios: { ...keysFor("blazeface"), ...keysFor("find") },
      facts: {
        "FMA peak of a core, GFLOP/s": peak,
        ...Object.fromEntries([...ready].map(([name, said]) => [`faces, ${name}`, facesOf(said)])),
      },
    };
  },
};

function facesOf({ vectors }: Ready): number {
  return vectors.flat().reduce((sum, faces) => sum + faces, 0);
}

async function contestantsFor(
  photos: readonly string[],
  suffix: string,
  progress: (text: string) => void,
): Promise<readonly Contestant[]> {
  const pictures = await writePictures(photos);
  const ours = (name: string, ...args: readonly string[]): Contestant => ({
    name: name + suffix,
    prepare: async () => ({
      command: await buildBench("vision_bench", progress),
      args: [...args, ...pictures],
    }),
  });
  const yunet = ours("yunet", "detect", "yunet", models.yunet);
  const faceApi = (detector: "ssd" | "tiny224") =>
    tensorflow(`face-api-${detector}${suffix}`, progress, 1, () =>
      nodeProgram("face-api", "detect", 1, detector, ...photos),
    );
  return [
    ours("blazeface", "detect", "blazeface", models.blazeface),
    ours("find", "find", models.blazeface, models.facemesh),
    {
      ...yunet,
      prepare: () => {
        if (!existsSync(models.yunet)) {
          throw new NotAvailable("no models/yunet.bin: countenance models add yunet <file>");
        }
        return yunet.prepare();
      },
    },
    ours("hog", "detect", "hog"),
    {
      name: `dlib${suffix}`,
      iterations: PEER_ITERATIONS,
      prepare: async () => ({
        command: await buildPeer("dlib_peer", progress),
        args: ["detect", ...photos],
        env: singleThread,
      }),
    },
    ...[
      tensorflow(`human${suffix}`, progress, 1, () => nodeProgram("human", "detect", 1, ...photos)),
      faceApi("ssd"),
      faceApi("tiny224"),
    ].map((peer) => ({ ...peer, iterations: PEER_ITERATIONS })),
  ];
}
