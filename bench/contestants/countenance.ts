// countenance through its public API.
//   node countenance.js <photo.jpg> <threads> jpeg|raw [at once]
import { readFile } from "node:fs/promises";

import sharp from "sharp";

import { createEngine, type ImageInput } from "../../src/index.js";
import { serve } from "../serve.js";

const [path = "", threads, form, atOnce = "1"] = process.argv.slice(2);
const jpeg = await readFile(path);
const photo = form === "raw" ? await pixelsOf(jpeg) : jpeg;

await serve(
  async () => {
    const engine = await createEngine({ threads: Number(threads) });
    return {
      note: `countenance, ${engine.pipeline}, workers ${String(threads)}, 128-d`,
      step: async () => (await engine.embed(photo)).vector,
    };
  },
  { atOnce: Number(atOnce) },
);

async function pixelsOf(encoded: Uint8Array): Promise<ImageInput> {
  const { data, info } = await sharp(encoded)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}
