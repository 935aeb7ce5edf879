import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

/** A library that is ready to do its job. */
export interface Loaded {
  readonly note: string;
  /**
   * Does the job once; the vector that it makes.
   * @param index  0, 1, 2 ... over all rounds.
   */
  readonly step: (index: number) => Promise<ArrayLike<number>>;
  /** After so many steps the jobs begin anew. Default 1. */
  readonly jobs?: number;
  /** Plain numbers that belong to the row. */
  readonly facts?: Readonly<Record<string, number>>;
}

export interface ServeOptions {
  /** How many steps are under way at once. Default 1. */
  readonly atOnce?: number;
}

/**
 * A Node contestant's end of the protocol in bench/contestant.ts: loads its library, does the job
 * once, says that it is ready, and serves rounds until stdin ends.
 * @param load  Everything between the library's import and its readiness.
 */
export async function serve(
  load: () => Promise<Loaded>,
  { atOnce = 1 }: ServeOptions = {},
): Promise<void> {
  const answers = createWriteStream("", { fd: 3 });
  const answer = (value: unknown) => answers.write(`${JSON.stringify(value)}\n`);
  const bootMs = performance.now(); // since the process began
  const { note, step, jobs = 1, facts = {} } = await load();
  const loadedMs = performance.now();
  const loadedMiB = residentMiB();
  const vectors = [Array.from(await step(0))];
  const startup = {
    bootMs,
    loadMs: loadedMs - bootMs,
    loadedMiB,
    firstMs: performance.now() - loadedMs,
    firstMiB: residentMiB(),
  };
  for (let i = 1; i < jobs; i++) vectors.push(Array.from(await step(i)));
  answer({ note, vectors, facts, startup });
  let next = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const timesMs: number[] = [];
    let left = Number(line);
    const worker = async () => {
      while (left-- > 0) {
        const start = performance.now();
        await step(next++);
        timesMs.push(performance.now() - start);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    answer({ timesMs });
  }
  process.exit(0); // whatever threads or timers a library has left behind
}

function residentMiB(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}
