import { clopperPearson } from "../../src/evaluate/clopper-pearson.js";

/** A rate with its counts and its exact 95 % interval, as `0.958 (23 of 24; 0.789..0.999)`. */
export function rate(events: number, trials: number): string {
  if (trials === 0) return "no trials";
  const { low, high } = clopperPearson(events, trials);
  const counts = `${String(events)} of ${String(trials)}`;
  return `${(events / trials).toFixed(3)} (${counts}; ${low.toFixed(3)}..${high.toFixed(3)})`;
}
