import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

import type { Engine } from "../../src/engine.js";
import { cacheFolder } from "../paths.js";
import { CANVAS, StillFrames } from "./still-frames.js";
import { stillPlan, type StillPlan } from "./still-motion.js";
import { printOf, stillPhotos, type StillPhoto } from "./still-photos.js";

/** Raised with every change of what is drawn: clips of another version are made anew. */
const GENERATOR_VERSION = 1;
const STILL_CLIP_MS = 12_000;

/** How many clips are made: 17 minutes. */
const CLIPS = 87;
const FIRST_SEED = 1000;
/** Walks through all photos, of which there are 107, in an order that mixes their kinds. */
const PHOTO_STRIDE = 47;

/** A clip of a print that is held before a camera: nobody blinks in it. */
export interface StillClip {
  readonly path: string;
  readonly photo: StillPhoto;
  readonly plan: StillPlan;
}

/** All clips, as functions that make them. None when the data are not there. */
export function stillClips(engine: Engine): readonly (() => Promise<StillClip | undefined>)[] {
  const photos = stillPhotos();
  if (photos === undefined) return [];
  return Array.from({ length: CLIPS }, (_, i) => async () => {
    const photo = photos[(i * PHOTO_STRIDE) % photos.length];
    return photo && stillClip(engine, photo, FIRST_SEED + i);
  });
}

/**
 * The clip of one photo and one seed, made once and kept under build/.
 * @returns Undefined when the photo shows no face that could be found.
 */
async function stillClip(
  engine: Engine,
  photo: StillPhoto,
  seed: number,
): Promise<StillClip | undefined> {
  const plan = stillPlan(seed, STILL_CLIP_MS);
  const folder = join(cacheFolder, "liveness");
  const path = join(folder, `still-v${String(GENERATOR_VERSION)}-${String(seed)}.mp4`);
  if (existsSync(path)) return { path, photo, plan };
  const print = await printOf(engine, photo, plan.facePx);
  if (print === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  const frames = new StillFrames(print, plan);
  await encode(path, plan, (i) => frames.draw((i * 1000) / plan.fps));
  return { path, photo, plan };
}

async function encode(
  path: string,
  plan: StillPlan,
  draw: (i: number) => Uint8Array,
): Promise<void> {
  const unfinished = `${path}.part.mp4`;
  const size = `${String(CANVAS.width)}x${String(CANVAS.height)}`;
  const ffmpeg = spawn(
    "ffmpeg",
    [
      ..."-nostdin -loglevel error -y -f rawvideo -pix_fmt rgb24".split(" "),
      ...["-s", size, "-r", String(plan.fps), "-i", "-"],
      ..."-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p".split(" "),
      ...["-crf", String(plan.crf), unfinished],
    ],
    { stdio: ["pipe", "inherit", "inherit"] },
  );
  const ended = once(ffmpeg, "close");
  for (let i = 0; i < (STILL_CLIP_MS * plan.fps) / 1000; i++) {
    // A copy: the pipe reads it while the next frame is drawn.
    if (!ffmpeg.stdin.write(draw(i).slice())) await once(ffmpeg.stdin, "drain");
  }
  ffmpeg.stdin.end();
  await ended;
  if (ffmpeg.exitCode !== 0) throw new Error(`ffmpeg ended with ${String(ffmpeg.exitCode)}`);
  renameSync(unfinished, path);
}
