import type { Row } from "./case.js";
import { confined } from "./cores.js";
import { ContestantProcess, NotAvailable, type Contestant, type Ready } from "./contestant.js";
import { difference, summarise } from "./statistics.js";

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
  readonly iterations: number;
  readonly process: ContestantProcess;
  readonly note: string;
  readonly timesMs: number[];
  readonly roundsMs: number[];
  rssMiB: number | undefined;
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
        const launch = confined(await contestant.prepare(), contestant.cores ?? 1);
        const started = await ContestantProcess.start(launch);
        const { name } = contestant;
        const { process, ready: said } = started;
        ready.set(name, said);
        const { iterations = options.iterations } = contestant;
        const { note } = said;
        const empty = { timesMs: [], roundsMs: [], rssMiB: undefined };
        runners.push({ name, iterations, process, note, ...empty });
        if (contestant.like !== undefined) {
          checkLike(said, ready.get(contestant.like.row), contestant.like);
        }
      });
    }
    options.progress(`timing ${String(runners.length)} rows in ${String(options.rounds)} rounds`);
    for (let round = 0; round <= options.rounds; round++) {
      for (const runner of runners.filter(({ name }) => !failures.has(name))) {
        await guard(runner.name, async () => {
          const start = performance.now();
          const timesMs = await runner.process.round(runner.iterations);
          if (round > 0) {
            runner.timesMs.push(...timesMs);
            runner.roundsMs.push(performance.now() - start);
          }
          runner.rssMiB = runner.process.residentMiB();
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
    const { note, iterations, timesMs, roundsMs, rssMiB } = runner;
    const perSecond = (1000 * iterations) / summarise(roundsMs).p50Ms;
    const memory = rssMiB !== undefined && { rssMiB };
    return { name, ...summarise(timesMs), perSecond, note, ...memory };
  });
  return { rows, ready };
}

/** @throws {NotAvailable} when a row does another job than the row that it must be like. */
function checkLike(
  said: Ready,
  model: Ready | undefined,
  { row, maxAbsolute }: NonNullable<Contestant["like"]>,
): void {
  if (model === undefined) throw new NotAvailable(`${row} did not run: its output is unchecked`);
  const worst = Math.max(
    ...said.vectors.map((vector, i) => difference(vector, model.vectors[i] ?? []).maxAbsolute),
  );
  if (said.vectors.length !== model.vectors.length || !(worst <= maxAbsolute)) {
    throw new NotAvailable(`its output is up to ${worst.toExponential(1)} from that of ${row}`);
  }
}
