import type { Row } from "./case.js";
import { ContestantProcess, NotAvailable, type Contestant, type Ready } from "./contestant.js";
import { summarise } from "./statistics.js";

export interface RaceOptions {
  readonly rounds: number;
  /** Iterations of one contestant per round. */
  readonly iterations: number;
  readonly progress: (text: string) => void;
}

export interface RaceResult {
  readonly rows: readonly Row[];
  /** What each contestant that ran said when it was ready. */
  readonly ready: ReadonlyMap<string, Ready>;
}

interface Runner {
  readonly name: string;
  readonly process: ContestantProcess;
  readonly note: string;
  readonly timesMs: number[];
}

/**
 * Times contestants against each other, one at a time, in turns: a machine that slows down slows
 * down all of them. The first round warms up and is not counted. One that cannot run, or fails on
 * the way, gets a row that says why.
 */
export async function race(
  contestants: readonly Contestant[],
  options: RaceOptions,
): Promise<RaceResult> {
  const runners: Runner[] = [];
  const failures = new Map<string, string>();
  const ready = new Map<string, Ready>();
  const guard = async (name: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof NotAvailable)) throw error;
      failures.set(name, error.message);
    }
  };

  try {
    for (const contestant of contestants) {
      await guard(contestant.name, async () => {
        options.progress(`${contestant.name}: getting ready`);
        const started = await ContestantProcess.start(await contestant.prepare());
        ready.set(contestant.name, started.ready);
        const { process } = started;
        runners.push({
          name: contestant.name,
          process,
          note: started.ready.note,
          timesMs: [],
        });
      });
    }
    options.progress(`timing ${String(runners.length)} rows in ${String(options.rounds)} rounds`);
    for (let round = 0; round <= options.rounds; round++) {
      for (const runner of runners.filter(({ name }) => !failures.has(name))) {
        await guard(runner.name, async () => {
          const timesMs = await runner.process.round(options.iterations);
          if (round > 0) runner.timesMs.push(...timesMs);
        });
      }
    }
  } finally {
    for (const runner of runners) runner.process.stop();
  }

  const rows = contestants.map(({ name }): Row => {
    const unavailable = failures.get(name);
    const runner = runners.find((candidate) => candidate.name === name);
    if (unavailable !== undefined || runner === undefined) {
      return { name, unavailable: unavailable ?? "did not run" };
    }
    return { name, ...summarise(runner.timesMs), note: runner.note };
  });
  return { rows, ready };
}
