/** What the samples of one row say, in milliseconds. */
export interface Summary {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly meanMs: number;
}

/**
 * The nearest-rank percentile: always one of the samples, never an interpolation.
 * @param sorted  Ascending, at least one.
 * @param fraction  0..1; 0.5 is the median.
 */
export function percentile(sorted: readonly number[], fraction: number): number {
  const rank = Math.max(1, Math.ceil(fraction * sorted.length));
  const value = sorted[rank - 1];
  if (value === undefined) {
    throw new RangeError(
      `percentile: expected samples and a fraction in 0..1, got ${String(sorted.length)} and ${String(fraction)}`,
    );
  }
  return value;
}

/** @param timesMs  At least one, in any order. */
export function summarise(timesMs: readonly number[]): Summary {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return {
    samples: sorted.length,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    minMs: percentile(sorted, 0),
    maxMs: percentile(sorted, 1),
    meanMs: sorted.reduce((sum, time) => sum + time, 0) / sorted.length,
  };
}

/** How far two vectors of one length are apart. */
export interface Difference {
  readonly maxAbsolute: number;
  readonly euclidean: number;
  /** 1 - cosine. */
  readonly cosineDistance: number;
}

export function difference(a: readonly number[], b: readonly number[]): Difference {
  if (a.length !== b.length || a.length === 0) {
    throw new RangeError(
      `difference: expected vectors of one length, got ${String(a.length)} and ${String(b.length)}`,
    );
  }
  let maxAbsolute = 0;
  let squares = 0;
  let dot = 0;
  let normA = 0;
  let normB = 0;
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? NaN; // the lengths are equal
    maxAbsolute = Math.max(maxAbsolute, Math.abs(x - y));
    squares += (x - y) ** 2;
    dot += x * y;
    normA += x * x;
    normB += y * y;
  }
  return {
    maxAbsolute,
    euclidean: Math.sqrt(squares),
    cosineDistance: 1 - dot / Math.sqrt(normA * normB),
  };
}
