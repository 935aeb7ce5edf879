import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Engine } from "../../src/engine.js";
import { videoFrames } from "../../src/liveness/video.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";
import { repository } from "../paths.js";
import type { LabelledClip, Span } from "./blink-score.js";

const FOLDER = join(repository, "../shared/data/blink");
/** Longer than all clips that are measured. */
const MAX_DURATION_MS = 60_000;

/** First and last frame of a blink, both included. */
type Frames = readonly [first: number, last: number];

interface Labels {
  readonly clips: Readonly<
    Record<string, { readonly blinks: readonly Frames[]; readonly ignore: readonly Frames[] }>
  >;
}

/** Where the labelled clips lie; undefined when the data are not there. */
export function labelledPaths(): readonly string[] | undefined {
  if (!existsSync(join(FOLDER, "labels.json"))) return undefined;
  return Object.keys(readLabels().clips).map((name) => join(FOLDER, name));
}

/** The clips with what the tracker sees in each frame. */
export async function labelledClips(engine: Engine): Promise<readonly LabelledClip[]> {
  const clips: LabelledClip[] = [];
  for (const [name, { blinks, ignore }] of Object.entries(readLabels().clips)) {
    const frames = await trackedFrames(engine, join(FOLDER, name));
    const span = ([first, last]: Frames): Span => ({
      fromMs: frames[first]?.timestampMs ?? NaN,
      toMs: (frames[last] ?? frames.at(-1))?.timestampMs ?? NaN,
    });
    clips.push({ name, frames, blinks: blinks.map(span), ignored: ignore.map(span) });
  }
  return clips;
}

function readLabels(): Labels {
  // The file's form is that of the data, which the project does not make.
  return JSON.parse(readFileSync(join(FOLDER, "labels.json"), "utf8")) as Labels;
}

/** Every n-th frame of a clip, from one on: as if the camera had been slower. */
export function slower(clip: LabelledClip, nth: number, from: number): LabelledClip {
  return { ...clip, frames: clip.frames.filter((_, i) => i % nth === from) };
}

export async function trackedFrames(engine: Engine, path: string): Promise<TrackedFrame[]> {
  const signal = new AbortController().signal;
  const options = { maxDurationMs: MAX_DURATION_MS };
  const frames: TrackedFrame[] = [];
  for await (const frame of engine.trackEyes(videoFrames({ path }, options, signal)))
    frames.push(frame);
  return frames;
}
