import type { Engine } from "../engine.js";
import { CountenanceError, type ErrorCode } from "../errors.js";
import { checkPassive, passiveRules } from "../liveness/passive.js";
import type { VideoOptions } from "../liveness/video.js";
import type { LabelledFile } from "./labelled-files.js";

/** What one check made of one file: an answer, or why there is none. */
export interface PassiveAnswer {
  /** The median over the file's frames. Undefined: it could not be judged. */
  readonly score: number | undefined;
  /** Of every frame that could be judged. */
  readonly frameScores: readonly number[];
  /** Why there is no score that counts. */
  readonly reasons: readonly string[];
}

export interface BlinkAnswer {
  readonly live: boolean;
  readonly reasons: readonly string[];
}

/** Everything about one file. */
export interface Outcome {
  readonly file: LabelledFile;
  /** Undefined: the file failed with `error`. */
  readonly passive: PassiveAnswer | undefined;
  /** Clips only. */
  readonly blink: BlinkAnswer | undefined;
  /** The code of what the file threw. */
  readonly error: ErrorCode | undefined;
}

/** What is done to a clip besides the passive check. */
export type CheckBlink = (
  path: string,
  video: VideoOptions,
  signal: AbortSignal,
) => Promise<BlinkAnswer>;

export interface RunOptions {
  readonly engine: Engine;
  readonly video: VideoOptions;
  readonly checkBlink: CheckBlink;
  readonly signal: AbortSignal;
}

/** These are about the machine or the installation: every other file would end the same way. */
const FATAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "COUNTENANCE_ABORTED",
  "COUNTENANCE_ENGINE_CLOSED",
  "COUNTENANCE_MODEL_MISSING",
  "COUNTENANCE_MODEL_CORRUPT",
  "COUNTENANCE_VIDEO_DECODER_MISSING",
  "COUNTENANCE_INTERNAL",
]);

/**
 * Checks files one by one; a bad file is an outcome and does not end the run.
 * @throws {CountenanceError} What no other file could escape: `MODEL_MISSING`, `ABORTED` and the like.
 */
export async function* checkFiles(
  files: readonly LabelledFile[],
  options: RunOptions,
): AsyncGenerator<Outcome, void, undefined> {
  for (const file of files) yield await outcomeOf(file, options);
}

async function outcomeOf(
  file: LabelledFile,
  { engine, video, checkBlink, signal }: RunOptions,
): Promise<Outcome> {
  const { path, kind } = file;
  try {
    const input = kind === "clip" ? { video: { path } } : { path };
    const { score, frames, reasons } = await checkPassive(
      engine,
      input,
      passiveRules(video, {}),
      signal,
    );
    const passive = {
      score: reasons.length === 0 ? score : undefined,
      frameScores: frames.flatMap((frame) => frame.score ?? []),
      reasons,
    };
    const blink = kind === "clip" ? await checkBlink(path, video, signal) : undefined;
    return { file, passive, blink, error: undefined };
  } catch (error) {
    if (!(error instanceof CountenanceError) || FATAL.has(error.code)) throw error;
    return { file, passive: undefined, blink: undefined, error: error.code };
  }
}
