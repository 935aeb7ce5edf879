import type { Summary } from "./statistics.js";

/** A way of doing the job that was measured. */
export interface MeasuredRow extends Summary {
  readonly name: string;
  /** What a reader must know: versions, kernels, settings. */
  readonly note?: string;
  /** Iterations per second of a whole round, which may run several at once; the rounds' median. */
  readonly perSecond?: number;
  /** Resident memory of the row's process at the end of its last round, in MiB. */
  readonly rssMiB?: number;
  /** The network's arithmetic as its layers are written down, by time, by the core's FMA peak. */
  readonly fmaShare?: number;
  /** Bytes that a search reads, by time, by how fast the same run reads memory: 1 is the most. */
  readonly readShare?: number;
}

/** A way of doing the job that this machine cannot run, and why. */
export interface UnavailableRow {
  readonly name: string;
  readonly unavailable: string;
}

export type Row = MeasuredRow | UnavailableRow;

/** A limit that the numbers must keep. */
export interface Check {
  readonly name: string;
  readonly pass: boolean;
  readonly value: number;
  readonly limit: number;
}

export interface CaseResult {
  readonly rows: readonly Row[];
  /** Peer's p50 divided by ours; above 1 we are faster; null when one of them is not available. */
  readonly ratios: Readonly<Record<string, number | null>>;
  readonly checks?: readonly Check[];
  /** Plain numbers that belong to the case, such as the difference between outputs. */
  readonly facts?: Readonly<Record<string, number | string>>;
  /** Pictures in SVG, by name: `--save` writes them beside the numbers. */
  readonly plots?: Readonly<Record<string, string>>;
}

export interface CaseOptions {
  /** How many times, in cases that say so. */
  readonly count?: number | undefined;
}

export interface BenchCase {
  readonly name: string;
  readonly summary: string;
  /** @param progress  Told in a few words what is going on. */
  run(progress: (text: string) => void, options: CaseOptions): Promise<CaseResult>;
}

/** Ratios with fixed keys `<ours>/<peer>`, so that readers find each of them whatever could run. */
export function ratiosOf(
  rows: readonly Row[],
  ours: string,
  peers: readonly string[],
): Record<string, number | null> {
  const p50 = (name: string): number | undefined => {
    const row = rows.find((candidate) => candidate.name === name);
    return row !== undefined && "p50Ms" in row ? row.p50Ms : undefined;
  };
  const own = p50(ours);
  return Object.fromEntries(
    peers.map((peer) => {
      const theirs = p50(peer);
      return [`${ours}/${peer}`, own === undefined || theirs === undefined ? null : theirs / own];
    }),
  );
}

/**
 * Rows with their share of what a core can do, measured in the same run.
 * @param peak  GFLOP/s; 0 when it is not known.
 * @param mflop  By row: multiplications and additions of one iteration. Winograd's convolutions
 * need less than that, so that a share can exceed 1.
 */
export function withFmaShare(
  rows: readonly Row[],
  peak: number,
  mflop: Readonly<Record<string, number>>,
): readonly Row[] {
  return rows.map((row) => {
    const work = mflop[row.name];
    if (work === undefined || peak === 0 || !("p50Ms" in row)) return row;
    return { ...row, fmaShare: work / row.p50Ms / peak };
  });
}

/**
 * Rows with their share of the rate at which memory can be read, measured in the same run.
 * @param reading  The row whose iterations do nothing but read.
 * @param bytes  By row: what one iteration must read, `reading` included.
 */
export function withReadShare(
  rows: readonly Row[],
  reading: string,
  bytes: Readonly<Record<string, number>>,
): readonly Row[] {
  const rate = (row: Row): number | undefined => {
    const read = bytes[row.name];
    return read === undefined || !("p50Ms" in row) ? undefined : read / row.p50Ms;
  };
  const reader = rows.find(({ name }) => name === reading);
  const peak = reader === undefined ? undefined : rate(reader);
  if (peak === undefined) return rows;
  return rows.map((row) => {
    const own = rate(row);
    return own === undefined || !("p50Ms" in row) ? row : { ...row, readShare: own / peak };
  });
}

/**
 * A row whose iterations are `count` jobs each, told per job.
 * @param what  The plural of the job's name.
 */
export function perJob(row: Row, count: number, what: string): Row {
  if (!("p50Ms" in row)) return row;
  const { p50Ms, p99Ms, minMs, maxMs, meanMs, perSecond, note } = row;
  return {
    ...row,
    p50Ms: p50Ms / count,
    p99Ms: p99Ms / count,
    minMs: minMs / count,
    maxMs: maxMs / count,
    meanMs: meanMs / count,
    ...(perSecond !== undefined && { perSecond: perSecond * count }),
    note: [note, `${String(count)} ${what} at a time, told per one`].filter(Boolean).join("; "),
  };
}

/** Iterations per second of one row by those of another; null when one of them is not available. */
export function throughputRatio(rows: readonly Row[], name: string, other: string): number | null {
  const perSecond = (wanted: string): number | undefined => {
    const row = rows.find((candidate) => candidate.name === wanted);
    return row !== undefined && "perSecond" in row ? row.perSecond : undefined;
  };
  const [own, theirs] = [perSecond(name), perSecond(other)];
  return own === undefined || theirs === undefined ? null : own / theirs;
}
