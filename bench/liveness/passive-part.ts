import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { createEngine, type Engine } from "../../src/engine.js";
import { areaUnderCurve } from "../../src/evaluate/attack-rates.js";
import type { RawImage } from "../../src/image.js";
import { checkPassive, passiveRules, type PassiveResult } from "../../src/liveness/passive.js";
import { judgePicture, PASSIVE_POINTS, PASSIVE_REASONS } from "../../src/liveness/passive-rules.js";
import { videoFrames } from "../../src/liveness/video.js";
import { repository } from "../paths.js";
import { summarise } from "../statistics.js";
import type { LivenessPart } from "./part.js";
import { passiveModelFolder } from "./passive-models.js";
import { rate } from "./rate.js";

const DATA = join(repository, "../shared/data");
const CLIPS = join(DATA, "spoof");
const SPECIES = "screen replay"; // all that the clips have
const PHOTOS = ["deepface", "face_recognition"].map((name) => join(DATA, "photos", name));
const VIDEO = { maxDurationMs: 60_000 };
/** Of a clip's frames, for the curve. */
const EVERY = 3;
const TIMED_FRAMES = 60;

interface Frame {
  /** The mean of both networks, whether or not the frame is fit to be judged. */
  readonly score: number;
  readonly judged: boolean;
}

interface Clip {
  readonly name: string;
  readonly live: boolean;
  readonly result: PassiveResult;
  readonly frames: readonly Frame[];
}

/** The passive check on clips of two people and on photos; the engine of the case lacks the networks. */
export async function passivePart(
  _engine: Engine,
  progress: (text: string) => void,
): Promise<LivenessPart> {
  const folder = existsSync(CLIPS) ? await passiveModelFolder() : undefined;
  if (folder === undefined) return { facts: { passive: "no ../shared/data/spoof and models" } };
  const engine = await createEngine({ models: folder, threads: 1 });
  try {
    const clips: Clip[] = [];
    for (const file of readdirSync(CLIPS).filter((name) => name.endsWith(".mp4"))) {
      progress(`passive: ${file}`);
      clips.push(await judged(engine, file));
    }
    progress("passive: photos");
    const facts = { ...clipFacts(clips), ...(await photoFacts(engine)) };
    progress("passive: time");
    const { scored, found } = await frameTimes(engine);
    const right = clips.filter(({ live, result }) => result.decision === (live ? "live" : "spoof"));
    const curve = auc(clips, (frame) => frame.judged) ?? 0;
    return {
      facts,
      checks: [
        {
          name: "passive: clips right at the balanced point",
          pass: right.length === clips.length,
          value: right.length,
          limit: clips.length,
        },
        { name: "passive: frame AUC", pass: curve >= 0.99, value: curve, limit: 0.99 },
      ],
      rows: [
        { name: "passive: a frame, face found and scored", ...summarise(scored) },
        { name: "passive: the same frame, face found only", ...summarise(found) },
      ],
    };
  } finally {
    await engine.close();
    await rm(folder, { recursive: true });
  }
}

async function judged(engine: Engine, file: string): Promise<Clip> {
  const path = join(CLIPS, file);
  const { signal } = new AbortController();
  const result = await checkPassive(engine, { video: { path } }, passiveRules(VIDEO, {}), signal);
  const frames: Frame[] = [];
  let number = 0;
  for await (const { image } of videoFrames({ path }, VIDEO)) {
    if (number++ % EVERY !== 0) continue;
    const scores = await engine.spoofScores(image);
    if (scores.faces === 0) continue;
    const score = (scores.v2 + scores.v1se) / 2;
    frames.push({ score, judged: judgePicture(scores, undefined).reason === undefined });
  }
  return { name: file, live: file.includes("real"), result, frames };
}

function auc(clips: readonly Clip[], counts: (frame: Frame) => boolean): number | undefined {
  const scores = (live: boolean) =>
    clips
      .filter((clip) => clip.live === live)
      .flatMap(({ frames }) => frames.filter(counts).map(({ score }) => score));
  return areaUnderCurve(scores(true), scores(false));
}

function clipFacts(clips: readonly Clip[]): Record<string, number | string> {
  const facts: Record<string, number | string> = {};
  for (const { name, result, frames } of clips) {
    const score = result.score === undefined ? "-" : result.score.toFixed(4);
    const fit = frames.filter((frame) => frame.judged).length;
    facts[`passive: ${name}`] =
      `${result.decision}, ${score}; ${String(fit)} of ${String(frames.length)} frames fit`;
  }
  for (const [point, threshold] of Object.entries(PASSIVE_POINTS)) {
    const wrong = (live: boolean) => {
      const some = clips.filter((clip) => clip.live === live && clip.result.reasons.length === 0);
      const errors = some.filter(({ result }) => (result.score ?? 0) >= threshold !== live);
      return rate(errors.length, some.length);
    };
    facts[`passive: APCER ${SPECIES}, ${point}, not validated`] = wrong(false);
    facts[`passive: BPCER clips, ${point}, not validated`] = wrong(true);
  }
  facts["passive: frame AUC, frames that are fit"] = auc(clips, (frame) => frame.judged) ?? "-";
  facts["passive: frame AUC, all frames with a face"] = auc(clips, () => true) ?? "-";
  return facts;
}

/** Photos of people, which were before a camera: how often are they refused? */
async function photoFacts(engine: Engine): Promise<Record<string, number | string>> {
  const { signal } = new AbortController();
  const results: PassiveResult[] = [];
  for (const folder of PHOTOS.filter((name) => existsSync(name))) {
    for (const file of readdirSync(folder).filter((name) => /\.(jpe?g|png)$/.test(name))) {
      const input = { path: join(folder, file) };
      results.push(await checkPassive(engine, input, passiveRules({}, {}), signal));
    }
  }
  const scores = results.flatMap(({ score, reasons }) =>
    reasons.length === 0 ? (score ?? []) : [],
  );
  const facts: Record<string, number | string> = { "passive: photos": results.length };
  for (const reason of PASSIVE_REASONS) {
    const count = results.filter(({ reasons }) =>
      (reasons as readonly string[]).includes(reason),
    ).length;
    if (count > 0) facts[`passive: photos not judged, ${reason}`] = count;
  }
  for (const [point, threshold] of Object.entries(PASSIVE_POINTS)) {
    const errors = scores.filter((score) => score < threshold).length;
    facts[`passive: BPCER photos, ${point}, not validated`] = rate(errors, scores.length);
  }
  return facts;
}

/** Milliseconds: for the same frame with the networks and without, in turn. */
async function frameTimes(engine: Engine) {
  const path = join(CLIPS, "luyt-real.mp4");
  let frame: RawImage | undefined;
  for await (const { image } of videoFrames({ path }, VIDEO)) {
    frame = image;
    break;
  }
  if (frame === undefined) throw new Error("luyt-real.mp4: expected a frame");
  const scored: number[] = [];
  const found: number[] = [];
  for (let i = 0; i < TIMED_FRAMES; ++i) {
    const started = performance.now();
    await engine.spoofScores(frame);
    const between = performance.now();
    await engine.analyze(frame, { embed: false, maxFaces: 2 });
    scored.push(between - started);
    found.push(performance.now() - between);
  }
  return { scored, found };
}
