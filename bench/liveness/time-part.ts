import { join } from "node:path";

import { command } from "../programs.js";
import { nodeProgram } from "../node-program.js";
import { cacheFolder } from "../paths.js";
import { writePhoto720 } from "../photo.js";
import { race } from "../race.js";
import type { Engine } from "../../src/engine.js";
import { atMost } from "./blink-part.js";
import type { LivenessPart } from "./part.js";

const CLIP_MS = 3000;
/** Of the playing time, beyond what ffmpeg's decoding takes. */
const MOST_SHARE = 1 / 4;

/** From the bytes of a clip of 3 s, 1280 x 720 at 30 per second, to the verdict, on one core. */
export async function timePart(
  _engine: Engine,
  progress: (text: string) => void,
): Promise<LivenessPart> {
  const clip = await writeClip720();
  const contestant = (job: string) => ({
    name: `3 s clip, ${job}`,
    prepare: async () => nodeProgram("liveness-clip", clip, job),
  });
  const contestants = ["verdict", "decode"].map(contestant);
  const { rows } = await race(contestants, { rounds: 3, iterations: 3, progress });
  const [verdict, decode] = rows;
  if (!verdict || !decode || !("minMs" in verdict) || !("minMs" in decode)) {
    return { facts: {}, rows };
  }
  const share = (verdict.minMs - decode.minMs) / CLIP_MS;
  return {
    facts: { "3 s clip: verdict beyond decoding, by playing time (fastest rounds)": share },
    checks: [atMost("3 s clip: share of the playing time beyond decoding", share, MOST_SHARE)],
    rows,
  };
}

/** A photo before a shaken camera, with sensor noise. */
async function writeClip720(): Promise<string> {
  const photo = await writePhoto720();
  const path = join(cacheFolder, "clip720.mp4");
  const shake = "crop=1280:720:16+14*sin(8*t):9+8*cos(6*t)";
  const filter = `scale=1312:738,${shake},noise=alls=6:allf=t`;
  const input = `-v error -nostdin -y -loop 1 -framerate 30 -t ${String(CLIP_MS / 1000)} -i ${photo}`;
  const output = `-vf ${filter} -c:v libx264 -preset veryfast -crf 23 -pix_fmt yuv420p ${path}`;
  await command("ffmpeg", `${input} ${output}`.split(" "), "ffmpeg makes no clip");
  return path;
}
