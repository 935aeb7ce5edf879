const DIMENSION = 128;

/** All comparisons of some pictures; of those between strangers only the closest are kept. */
export interface Comparisons {
  /** One entry per mated pair: its distance and whose it is. */
  readonly mated: readonly { readonly distance: number; readonly person: number }[];
  /** Ascending by distance. */
  readonly closeStrangers: readonly {
    readonly distance: number;
    readonly a: number;
    readonly b: number;
  }[];
  /** How many pictures each person has. */
  readonly pictures: readonly number[];
}

/**
 * Compares everything with everything.
 * @param vectors  [pictures][128]
 * @param people  Whose picture each is: 0, 1, 2 ...
 * @param matedEach  Mated pairs are of each person's first pictures, at most this many.
 * @param within  The distance up to which pairs of strangers are kept.
 */
export function compareAll(
  vectors: Float32Array,
  people: readonly number[],
  matedEach: number,
  within: number,
): Comparisons {
  const pictures: number[] = [];
  const isEarly = people.map((person) => {
    pictures[person] = (pictures[person] ?? 0) + 1;
    return (pictures[person] ?? 0) <= matedEach;
  });
  const mated: { distance: number; person: number }[] = [];
  const closeStrangers: { distance: number; a: number; b: number }[] = [];
  people.forEach((a, i) => {
    for (let j = i + 1; j < people.length; j++) {
      const b = people[j] ?? 0;
      if (a === b && !(isEarly[i] && isEarly[j])) continue;
      const distance = distanceBetween(vectors, i, j);
      if (a === b) mated.push({ distance, person: a });
      else if (distance <= within) closeStrangers.push({ distance, a, b });
    }
  });
  closeStrangers.sort((x, y) => x.distance - y.distance);
  return { mated, closeStrangers, pictures };
}

function distanceBetween(vectors: Float32Array, i: number, j: number): number {
  let sum = 0;
  for (let k = 0; k < DIMENSION; k++) {
    const step = (vectors[i * DIMENSION + k] ?? 0) - (vectors[j * DIMENSION + k] ?? 0);
    sum += step * step;
  }
  return Math.sqrt(sum);
}

/** The share of mated pairs that match, where this share of strangers does. */
export interface MatchRate {
  readonly threshold: number;
  readonly rate: number;
}

/** @param weights  How often each person counts; once each unless given. */
export function matchRateAt(
  { mated, closeStrangers, pictures }: Comparisons,
  fmr: number,
  weights: readonly number[] = pictures.map(() => 1),
): MatchRate {
  const weightOf = (person: number) => weights[person] ?? 0;
  let all = 0;
  let squares = 0;
  pictures.forEach((count, person) => {
    all += count * weightOf(person);
    squares += (count * weightOf(person)) ** 2;
  });
  const allowed = (fmr * (all * all - squares)) / 2;
  let matches = 0;
  const first = closeStrangers.find(({ a, b }) => (matches += weightOf(a) * weightOf(b)) > allowed);
  if (first === undefined)
    throw new RangeError(`too few strangers were kept for FMR ${String(fmr)}`);
  let below = 0;
  let total = 0;
  for (const { distance, person } of mated) {
    total += weightOf(person);
    if (distance < first.distance) below += weightOf(person);
  }
  return { threshold: first.distance, rate: below / total };
}

/** People drawn with replacement, the same ones on every run: how often each was drawn. */
export function resamples(people: number, count: number): readonly (readonly number[])[] {
  let seed = 1;
  // Numerical Recipes' linear congruential generator: plenty for a bootstrap.
  const next = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, () => {
    const weights = new Array<number>(people).fill(0);
    for (let i = 0; i < people; i++) {
      const drawn = Math.floor(next() * people);
      weights[drawn] = (weights[drawn] ?? 0) + 1;
    }
    return weights;
  });
}
