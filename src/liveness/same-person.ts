import { euclidean } from "../template.js";

// Sources of the constants: docs/decisions.md, "Liveness: one person, one take".

/** How far apart the mean templates of one stretch of a clip and of all the rest may be. */
export const MAX_DRIFT = 0.47;

/** How far a clip's best template, of a frontal face with open eyes, may be from the mean of all. */
export const MAX_BEST_DISTANCE = 0.4;

/** A stretch is at least this many templates: one alone moves too much with pose and expression. */
const SHORTEST = 2;

/** More than this are averaged in groups, so that a long clip costs little more than a short one. */
const MOST = 64;

/**
 * The largest distance between the mean of any stretch and the mean of the rest: another person who
 * takes over, or who is there for a while, is a stretch. Means are steadier than single templates.
 * @param vectors  In order of time, of one length.
 * @returns 0 when there are too few to split.
 */
export function largestDrift(vectors: readonly Float32Array[]): number {
  const sums = runningSums(pooled(vectors));
  const count = sums.length - 1;
  let largest = 0;
  for (let start = 0; start < count; start++) {
    for (let end = start + SHORTEST; end <= count; end++) {
      if (count - (end - start) < SHORTEST) continue;
      largest = Math.max(largest, drift(sums, start, end));
    }
  }
  return largest;
}

/** How far one template is from the mean of others. @param others  At least one. */
export function distanceToMean(vector: Float32Array, others: readonly Float32Array[]): number {
  return euclidean(vector, mean(others));
}

function pooled(vectors: readonly Float32Array[]): readonly Float32Array[] {
  const size = Math.ceil(vectors.length / MOST);
  if (size <= 1) return vectors;
  return Array.from({ length: Math.ceil(vectors.length / size) }, (_, i) =>
    mean(vectors.slice(i * size, (i + 1) * size)),
  );
}

function mean(vectors: readonly Float32Array[]): Float32Array {
  const sum = runningSums(vectors)[vectors.length];
  return Float32Array.from(sum ?? [], (value) => value / vectors.length);
}

/** `sums[i]` is the sum of the first `i` vectors. */
function runningSums(vectors: readonly Float32Array[]): readonly Float64Array[] {
  let sum = new Float64Array(vectors[0]?.length ?? 0);
  return [sum, ...vectors.map((vector) => (sum = sum.map((value, k) => value + (vector[k] ?? 0))))];
}

/** Between the mean of the vectors `start` to `end` (not included) and the mean of all others. */
function drift(sums: readonly Float64Array[], start: number, end: number): number {
  const [before, until, all] = [sums[start], sums[end], sums[sums.length - 1]];
  const [inside, outside] = [end - start, sums.length - 1 - (end - start)];
  let squares = 0;
  for (let k = 0; k < (all?.length ?? 0); k++) {
    const sum = (until?.[k] ?? 0) - (before?.[k] ?? 0);
    squares += (sum / inside - ((all?.[k] ?? 0) - sum) / outside) ** 2;
  }
  return Math.sqrt(squares);
}
