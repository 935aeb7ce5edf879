// What a clip costs: the whole verdict, or ffmpeg's decoding alone.
//   node liveness-clip.js <clip.mp4> verdict|decode
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";

import { createEngine, openCountenance } from "../../src/index.js";
import { serve } from "../serve.js";

const [path = "", job] = process.argv.slice(2);

await serve(job === "decode" ? decoding : judging);

async function judging() {
  const bytes = await readFile(path);
  const faces = await openCountenance({ engine: await createEngine({ threads: 1 }) });
  return {
    note: "faces.liveness.blink(bytes): decode, follow, blinks, templates",
    step: async () => {
      const { blinks } = await faces.liveness.blink(bytes);
      return [blinks.length];
    },
  };
}

async function decoding() {
  const args = `-v error -nostdin -threads 1 -i ${path} -f rawvideo -pix_fmt rgb24 /dev/null -y`;
  return {
    note: "ffmpeg, one thread, to raw RGB",
    step: async () => {
      const ffmpeg = spawn("ffmpeg", args.split(" "), { stdio: ["ignore", "ignore", "inherit"] });
      await once(ffmpeg, "close");
      if (ffmpeg.exitCode !== 0) throw new Error(`ffmpeg ended with ${String(ffmpeg.exitCode)}`);
      return [0];
    },
  };
}
