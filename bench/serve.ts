import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

/** Does the job once; the vector that it makes. */
export type Step = () => Promise<ArrayLike<number>>;

/**
 * A Node contestant's end of the protocol in bench/contestant.ts: does the job once, says that it
 * is ready, and serves rounds until stdin ends.
 */
export async function serve(note: string, step: Step): Promise<void> {
  const answers = createWriteStream("", { fd: 3 });
  const answer = (value: unknown) => answers.write(`${JSON.stringify(value)}\n`);
  answer({ note, vectors: [Array.from(await step())] });
  for await (const line of createInterface({ input: process.stdin })) {
    const timesMs: number[] = [];
    for (let i = 0; i < Number(line); i++) {
      const start = performance.now();
      await step();
      timesMs.push(performance.now() - start);
    }
    answer({ timesMs });
  }
  process.exit(0); // whatever threads or timers a library has left behind
}
