import { clopperPearson, type Interval } from "./clopper-pearson.js";

/** How one presentation was answered. */
export interface Answer {
  /** The kind of attack; undefined: a living person. */
  readonly species: string | undefined;
  /** Whether it counted as live; undefined: there was no answer. */
  readonly live: boolean | undefined;
}

/** Errors out of so many presentations, with the exact 95 % interval. */
export interface ErrorRate {
  readonly errors: number;
  readonly answered: number;
  /** Presentations without an answer: they count in no rate. */
  readonly unanswered: number;
  /** Undefined when nothing was answered. */
  readonly rate: number | undefined;
  readonly interval: Interval;
}

/** What ISO/IEC 30107-3 calls for: errors per attack species, never their mean over species. */
export interface AttackRates {
  /** Attacks that counted as live, by species, in the order of their names. */
  readonly apcer: ReadonlyMap<string, ErrorRate>;
  /** Living people who did not. */
  readonly bpcer: ErrorRate;
}

export function attackRates(answers: readonly Answer[]): AttackRates {
  const species = [...new Set(answers.flatMap((answer) => answer.species ?? []))].sort();
  const of = (name: string | undefined) => answers.filter((answer) => answer.species === name);
  return {
    apcer: new Map(species.map((name) => [name, errorRate(of(name), true)])),
    bpcer: errorRate(of(undefined), false),
  };
}

/** @param wrong  The answer that is an error. */
function errorRate(answers: readonly Answer[], wrong: boolean): ErrorRate {
  const answered = answers.filter(({ live }) => live !== undefined).length;
  const errors = answers.filter(({ live }) => live === wrong).length;
  return {
    errors,
    answered,
    unanswered: answers.length - answered,
    rate: answered === 0 ? undefined : errors / answered,
    interval: clopperPearson(errors, answered),
  };
}

/** A presentation with a score; undefined: it could not be judged. */
export interface Scored {
  readonly species: string | undefined;
  readonly score: number | undefined;
}

export function ratesAt(scored: readonly Scored[], threshold: number): AttackRates {
  return attackRates(
    scored.map(({ species, score }) => ({
      species,
      live: score === undefined ? undefined : score >= threshold,
    })),
  );
}

/** The largest rate of any species: an attacker chooses. Undefined without attacks. */
export function worstApcer({ apcer }: AttackRates): number | undefined {
  const rates = [...apcer.values()].flatMap(({ rate }) => rate ?? []);
  return rates.length === 0 ? undefined : Math.max(...rates);
}

/** What `toFixed` can print. */
const MAX_DIGITS = 100;

export interface WantedRate {
  readonly of: "apcer" | "bpcer";
  /** At most, 0..1. */
  readonly rate: number;
}

/**
 * The threshold that keeps one error at or below a wanted rate on these presentations and makes the
 * other one least. Scores come in steps of people, not of thousandths: it lies in the middle of the
 * gap between two of them.
 * @returns Undefined when no threshold does, or there is nothing to count.
 */
export function suggestedThreshold(
  scored: readonly Scored[],
  wanted: WantedRate,
): number | undefined {
  const values = [...new Set(scored.flatMap(({ score }) => score ?? []))].sort((a, b) => a - b);
  // Above a score of 0 and up to 1: at 0 everything would be live, and above 1 nothing.
  const edges = [0, ...values, 1];
  const candidates = edges.slice(1).map((value, i) => between(edges[i] ?? 0, value));
  const fits = (i: number) => {
    const rates = ratesAt(scored, candidates[i] ?? NaN);
    const rate = wanted.of === "apcer" ? worstApcer(rates) : rates.bpcer.rate;
    return rate !== undefined && rate <= wanted.rate;
  };
  // Few attacks counted as live: from some threshold on. Few living people refused: up to one.
  return wanted.of === "apcer"
    ? candidates[firstIndex(candidates.length, fits)]
    : candidates[firstIndex(candidates.length, (i) => !fits(i)) - 1];
}

/** The middle of a gap, with as few digits as tell it from both ends, so that it can be printed. */
function between(low: number, high: number): number {
  for (let digits = 2; digits <= MAX_DIGITS; digits++) {
    const rounded = Number(((low + high) / 2).toFixed(digits));
    if (rounded > low && rounded < high) return rounded;
  }
  return high; // no number lies between
}

/** The first index from which on something holds; `length` when it holds for none. */
function firstIndex(length: number, holds: (i: number) => boolean): number {
  let [from, to] = [0, length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/**
 * How often a score of a living person is above one of an attack, equal ones counting half: 1 is
 * perfect, 0.5 is chance. Undefined when one of them is missing.
 */
export function areaUnderCurve(
  live: readonly number[],
  attacks: readonly number[],
): number | undefined {
  if (live.length === 0 || attacks.length === 0) return undefined;
  const sorted = [...attacks].sort((a, b) => a - b);
  const below = (value: number, orEqual: boolean) =>
    firstIndex(sorted.length, (i) => {
      const at = sorted[i] ?? NaN;
      return orEqual ? at > value : at >= value;
    });
  const wins = live.reduce((sum, v) => sum + (below(v, false) + below(v, true)) / 2, 0);
  return wins / (live.length * attacks.length);
}
