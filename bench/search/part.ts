import type { CaseResult, Check, Row } from "../case.js";
import { NotAvailable, type Ready } from "../contestant.js";
import { recallOf, squaredDistance } from "../recall.js";
import { readQueries, readRow, readTruth, type VectorFile } from "../vector-file.js";

/** Rows that belong together, timed in one run with each other. */
export type Part = (progress: (text: string) => void) => Promise<CaseResult>;

/** All parts, one after the other; one that this machine cannot run leaves a row that says why. */
export async function runParts(
  parts: Readonly<Record<string, Part>>,
  progress: (text: string) => void,
): Promise<CaseResult> {
  const results: CaseResult[] = [];
  for (const [name, part] of Object.entries(parts)) {
    progress(`part ${name}`);
    try {
      results.push(await part((text) => progress(`${name}: ${text}`)));
    } catch (error) {
      if (!(error instanceof NotAvailable)) throw error;
      results.push({ rows: [{ name, unavailable: error.message }], ratios: {} });
    }
  }
  return {
    rows: results.flatMap(({ rows }) => rows),
    ratios: Object.assign({}, ...results.map(({ ratios }) => ratios)) as Record<string, number>,
    checks: results.flatMap(({ checks = [] }) => checks),
    facts: Object.assign({}, ...results.map(({ facts = {} }) => facts)) as Record<string, number>,
  };
}

/** A limit from below: the value must reach it. A value that could not be had does not. */
export function atLeast(name: string, value: number | null | undefined, limit: number): Check {
  const known = value ?? 0;
  return { name, pass: known >= limit, value: known, limit };
}

/** A limit from above. A value that could not be had exceeds it. */
export function atMost(name: string, value: number | null | undefined, limit: number): Check {
  const known = value ?? Infinity;
  return { name, pass: known <= limit, value: known, limit };
}

export function p50Of(rows: readonly Row[], name: string): number | undefined {
  const row = rows.find((candidate) => candidate.name === name);
  return row !== undefined && "p50Ms" in row ? row.p50Ms : undefined;
}

/** The peer's p50 by ours; null when one of them is not available. */
export function ratioOf(rows: readonly Row[], ours: string, peer: string): number | null {
  const [own, theirs] = [p50Of(rows, ours), p50Of(rows, peer)];
  return own === undefined || theirs === undefined ? null : theirs / own;
}

/** The mean recall of the ten nearest, of every row whose answers are rows of the base. */
export function recalls(
  ready: ReadonlyMap<string, Ready>,
  names: readonly string[],
  data: VectorFile,
  rows: number,
): Record<string, number> {
  const truth = readTruth(data, rows);
  const queries = readQueries(data);
  const squared = new Map<string, number>();
  const distanceOf = (query: number, row: number): number => {
    const key = `${String(query)} ${String(row)}`;
    const known =
      squared.get(key) ?? squaredDistance(queries[query] ?? new Float32Array(), readRow(data, row));
    squared.set(key, known);
    return known;
  };
  const result: Record<string, number> = {};
  for (const name of names) {
    const answers = ready.get(name)?.vectors;
    if (answers === undefined) continue;
    const each = answers.map((answer, query) =>
      recallOf(
        truth[query] ?? [],
        answer.map((row) => ({ row, squared: distanceOf(query, row) })),
      ),
    );
    result[`${name}, recall@10`] = each.reduce((sum, one) => sum + one, 0) / each.length;
  }
  return result;
}

/** What our index said of its work, by row. */
export function stagesOf(
  ready: ReadonlyMap<string, Ready>,
  names: readonly string[],
): Record<string, number> {
  return Object.fromEntries(
    names.flatMap((name) =>
      Object.entries(ready.get(name)?.facts ?? {}).map(([fact, value]) => [
        `${name}, ${fact}`,
        value,
      ]),
    ),
  );
}
