import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { CaseResult, Row } from "./case.js";
import type { Machine } from "./machine.js";
import { repository } from "./paths.js";

/** One run of one case: what `--json` prints and `--save` keeps. */
export interface Report extends CaseResult {
  readonly case: string;
  readonly machine: Machine;
}

/** Text for a person: machine, rows, ratios, checks. */
export function table(report: Report): string {
  const { machine } = report;
  const lines = [
    `case ${report.case}   commit ${machine.commit}   ${machine.cpu}, ${String(machine.cores)} cores, load before ${machine.loadBefore.toFixed(1)}   Node ${machine.node}`,
    ...Object.entries(machine.models).map(([file, hash]) => `model ${file} ${hash}`),
    "",
    ...columns([HEADINGS, ...report.rows.map(cells)]),
  ];
  const ratios = Object.entries(report.ratios);
  if (ratios.length > 0) {
    lines.push("", "peer's p50 / ours (above 1: ours is faster)");
    lines.push(
      ...columns(ratios.map(([key, ratio]) => [key, ratio?.toFixed(2) ?? "not available"])),
    );
  }
  const facts = Object.entries(report.facts ?? {});
  if (facts.length > 0) {
    lines.push(
      "",
      ...columns(
        facts.map(([key, value]) => [
          key,
          typeof value === "number" ? String(Number(value.toPrecision(3))) : value,
        ]),
      ),
    );
  }
  for (const check of report.checks ?? []) {
    const verdict = check.pass ? "pass" : "FAIL";
    lines.push(
      "",
      `${verdict}  ${check.name}: ${check.value.toFixed(2)}, limit ${String(check.limit)}`,
    );
  }
  return lines.join("\n");
}

/** Writes bench/results/<date>-<case>.json, and -<plot>.svg; the path from the repository. */
export function save({ plots = {}, ...report }: Report): string {
  const folder = join(repository, "bench", "results");
  mkdirSync(folder, { recursive: true });
  const name = `${report.machine.date.slice(0, 10)}-${report.case}`;
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, undefined, 2)}\n`);
  for (const [plot, svg] of Object.entries(plots)) {
    writeFileSync(join(folder, `${name}-${plot}.svg`), svg);
  }
  return `bench/results/${name}.json`;
}

const HEADINGS = [
  "row",
  "p50 ms",
  "p99 ms",
  "max ms",
  "samples",
  "per s",
  "RSS MiB",
  "share of peak",
  "",
];

function cells(row: Row): readonly string[] {
  if ("unavailable" in row) {
    return [
      row.name,
      "not available",
      ...Array<string>(HEADINGS.length - 3).fill(""),
      row.unavailable,
    ];
  }
  const { p50Ms, p99Ms, maxMs, samples, perSecond, rssMiB, note } = row;
  const ofPeak = row.fmaShare ?? row.readShare;
  const times = [p50Ms, p99Ms, maxMs].map((time) => time.toFixed(time < 1 ? 4 : 2));
  const share = ofPeak === undefined ? "" : `${(ofPeak * 100).toFixed(0)} %`;
  const rest = [String(samples), perSecond?.toFixed(1), rssMiB?.toFixed(0), share, note];
  return [row.name, ...times, ...rest.map((text) => text ?? "")];
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, text] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  }
  return rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join("   ")
      .trimEnd(),
  );
}
