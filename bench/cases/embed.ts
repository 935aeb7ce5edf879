import { join } from "node:path";

import { ratiosOf, type BenchCase } from "../case.js";
import { NotAvailable, type Contestant, type Ready } from "../contestant.js";
import { cacheFolder } from "../paths.js";
import { writePictures } from "../photo.js";
import {
  buildDlibPeer,
  buildEmbedBench,
  cutChips,
  models,
  singleThread,
  thirdParty,
} from "../programs.js";
import { race } from "../race.js";
import { difference } from "../statistics.js";

const OURS = "f32";
const PEERS = ["dlib", "dlib-best"] as const;

/** One 150 x 150 chip to one vector: the network alone. */
export const embed: BenchCase = {
  name: "embed",
  summary: "one face chip (150 x 150) to its vector, one thread each, against dlib's own network",
  async run(progress) {
    const chips = join(cacheFolder, "chips.rgb");
    const pictures = await writePictures();
    // Every row needs the chips, and the first one makes them.
    let cut: Promise<void> | undefined;
    const prepareChips = () => (cut ??= cutChips(progress, pictures, chips));
    const dlib = (name: string, env: Readonly<Record<string, string>>): Contestant => ({
      name,
      async prepare() {
        await prepareChips();
        const command = await buildDlibPeer(progress);
        return { command, args: ["embed", thirdParty.network, chips], env };
      },
    });
    const { rows, ready } = await race(
      [
        {
          name: OURS,
          async prepare() {
            await prepareChips();
            return {
              command: await buildEmbedBench(progress),
              args: ["embed", models.embedder, chips],
            };
          },
        },
        dlib("dlib", singleThread),
        dlib("dlib-best", { ...singleThread, OPENBLAS_CORETYPE: "SkylakeX" }),
      ],
      { rounds: 30, iterations: 20, progress },
    );
    return {
      rows,
      ratios: ratiosOf(rows, OURS, PEERS),
      facts: agreement(ready.get(OURS), ready.get("dlib")),
    };
  },
};

/** The worst disagreement between two rows' vectors of the same chips. */
function agreement(ours: Ready | undefined, theirs: Ready | undefined): Record<string, number> {
  if (ours === undefined || theirs === undefined) return {};
  const differences = ours.vectors.map((vector, i) => {
    const other = theirs.vectors[i];
    if (other === undefined) throw new NotAvailable("the rows embedded different chips");
    return difference(vector, other);
  });
  return {
    chips: differences.length,
    "max abs difference to dlib": Math.max(...differences.map((d) => d.maxAbsolute)),
    "max distance to dlib": Math.max(...differences.map((d) => d.euclidean)),
    "max cosine distance to dlib": Math.max(...differences.map((d) => d.cosineDistance)),
  };
}
