/** How far two vectors of one length are apart, squared, by sums in double precision. */
export function squaredDistance(a: Float32Array, b: Float32Array): number {
  let squared = 0;
  for (const [i, x] of a.entries()) squared += (x - (b[i] ?? NaN)) ** 2;
  return squared;
}

/** Distances closer than this, of one, count as equal: float sums tell no more. */
const ROUNDING = 1e-6;

/**
 * The share of the nearest that an answer holds. Equally near rows may stand for each other, so it
 * is distances that are compared; a row that the answer repeats counts once.
 * @param nearest  The true squared distances, ascending, at least one.
 * @param found  The answer: rows and their true squared distances.
 */
export function recallOf(
  nearest: readonly number[],
  found: readonly { readonly row: number; readonly squared: number }[],
): number {
  const farthest = nearest.at(-1);
  if (farthest === undefined) throw new RangeError("recallOf: expected the nearest, got none");
  const right = found.filter(({ squared }) => squared <= farthest * (1 + ROUNDING));
  return Math.min(nearest.length, new Set(right.map(({ row }) => row)).size) / nearest.length;
}
