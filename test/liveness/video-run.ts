import { readdirSync, readFileSync } from "node:fs";

import { CountenanceError } from "../../src/errors.js";
import { videoFrames, type VideoFrame, type VideoOptions } from "../../src/liveness/video.js";

export interface Outcome {
  readonly frames: readonly VideoFrame[];
  /** The code that it ended with. */
  readonly code: string | undefined;
  readonly message: string;
}

/** Everything that a video gives, and how it ends; fails for an error that is not ours. */
export async function outcomeOf(
  input: unknown,
  options?: VideoOptions,
  signal?: AbortSignal,
): Promise<Outcome> {
  const frames: VideoFrame[] = [];
  try {
    // What a JavaScript caller may pass.
    for await (const frame of videoFrames(input as never, options, signal)) frames.push(frame);
    return { frames, code: undefined, message: "" };
  } catch (error) {
    if (!(error instanceof CountenanceError)) throw error;
    return { frames, code: error.code, message: error.message };
  }
}

export function timesOf({ frames }: Pick<Outcome, "frames">): number[] {
  return frames.map(({ timestampMs }) => timestampMs);
}

/** The sizes that occur, each once. */
export function sizesOf({ frames }: Pick<Outcome, "frames">): string[] {
  const sizes = frames.map(({ image }) => `${String(image.width)}x${String(image.height)}`);
  return [...new Set(sizes)];
}

/** Processes that this one has started and not yet buried: [] when nothing is left. */
export function children(): string[] {
  return processes()
    .filter(({ parent }) => parent === process.pid)
    .map(({ name }) => name);
}

/** Whether a process runs. One that is dead and not yet buried does not: proc(5), state Z. */
export function isAlive(pid: number): boolean {
  return processes().some((one) => Number(one.pid) === pid && one.state !== "Z");
}

/** Whether a process with this word among its arguments runs. */
export function runs(word: string): boolean {
  return processes().some(({ pid }) => read(`/proc/${pid}/cmdline`).split("\0").includes(word));
}

function processes(): { pid: string; name: string; state: string; parent: number }[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      // pid (name) state ppid ...: proc(5). The name may hold anything, brackets too.
      const stat = read(`/proc/${pid}/stat`);
      const end = stat.lastIndexOf(")");
      const name = stat.slice(stat.indexOf("(") + 1, end);
      const [state = "", parent] = stat.slice(end + 2).split(" ");
      return { pid, name, state, parent: Number(parent) };
    });
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // it has ended meanwhile
  }
}
