import { ContestantProcess, NotAvailable, type Contestant, type Ready } from "../contestant.js";
import { allCores, confined } from "../cores.js";
import { nodeProgram } from "../node-program.js";

/** How to start bench/contestants/stored-faces.ts. */
export function program(
  mode: "fill" | "open" | "change" | "write" | "sync",
  ...args: readonly (string | number)[]
): Contestant["prepare"] {
  return async () => nodeProgram("stored-faces", mode, ...args);
}

export interface Started {
  readonly facts: Readonly<Record<string, number>>;
  readonly timesMs: readonly number[];
}

/**
 * What a program says when it is ready, and the times of some iterations; it is gone afterwards.
 * @param options  With `warmUp` as many iterations before them that do not count.
 */
export async function started(
  prepare: Contestant["prepare"],
  { iterations = 0, warmUp = false } = {},
): Promise<Started> {
  const launch = confined(await prepare(), allCores);
  const { process, ready } = await ContestantProcess.start(launch);
  try {
    const facts: Ready["facts"] = ready.facts;
    if (facts === undefined) throw new NotAvailable("it does not say how it started");
    if (warmUp) await process.round(iterations);
    return { facts, timesMs: iterations === 0 ? [] : await process.round(iterations) };
  } finally {
    await process.end();
  }
}
