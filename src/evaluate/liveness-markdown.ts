import type { AttackRates, ErrorRate } from "./attack-rates.js";
import type { LivenessReport } from "./liveness-report.js";

/** The report for people: Markdown with one table per question. */
export function livenessMarkdown(report: LivenessReport): string {
  const { counts, points, blink, frames, suggestion } = report;
  const attacks = [...counts.attacks].map(([species, count]) => `${species} ${String(count)}`);
  return [
    "## What was measured",
    "",
    `Presentations (files): ${String(counts.live)} live; attacks: ${attacks.join(", ") || "none"}.`,
    `Failed files: ${listed(counts.failed)}. Not judged by the passive check: ${listed(counts.unjudged)}.`,
    `Other files in the folder: ${String(counts.others)}.`,
    "",
    "## Errors of the passive check, one answer per file",
    "",
    ...table(
      ["point", "threshold", "error", "rate", "errors / answered", "95 % interval", "no answer"],
      points.flatMap(({ point, threshold, rates }) =>
        rows(rates).map((row) => [point, threshold.toFixed(2), ...row]),
      ),
    ),
    "The points are not validated: these presentations are all that stands behind the rates.",
    "",
    ...(blink
      ? [
          "## Errors of the blink check, one answer per clip",
          "",
          ...table(
            ["error", "rate", "errors / answered", "95 % interval", "no answer"],
            rows(blink),
          ),
        ]
      : []),
    "## Frames of the passive check",
    "",
    `${String(frames.live)} of living people, ${String(frames.attacks)} of attacks; area under the curve ${percentless(frames.auc)}.`,
    "Frames of one clip resemble each other: there are no intervals, and these are no error rates.",
    "",
    ...table(
      ["threshold", "attack frames above (worst species)", "live frames below"],
      frames.points.map(({ threshold, apcer, bpcer }) => [
        threshold.toFixed(2),
        percentless(apcer),
        percentless(bpcer),
      ]),
    ),
    ...(suggestion ? suggested(suggestion) : []),
  ].join("\n");
}

function suggested({
  of,
  rate,
  threshold,
  rates,
}: NonNullable<LivenessReport["suggestion"]>): string[] {
  const head = ["## Suggested threshold", ""];
  const wanted = `${of.toUpperCase()} of at most ${String(rate)}`;
  if (threshold === undefined || rates === undefined) {
    return [...head, `No threshold gives a ${wanted} on these files.`, ""];
  }
  return [
    ...head,
    `For a ${wanted} on these files: ${String(threshold)}. What it does to others is as sure as the intervals say.`,
    "",
    ...table(["error", "rate", "errors / answered", "95 % interval", "no answer"], rows(rates)),
  ];
}

function rows({ apcer, bpcer }: AttackRates): string[][] {
  return [
    ...[...apcer].map(([species, rate]) => [`APCER ${species}`, ...cells(rate)]),
    ["BPCER", ...cells(bpcer)],
  ];
}

function cells({ errors, answered, unanswered, rate, interval }: ErrorRate): string[] {
  return [
    percentless(rate),
    `${String(errors)} / ${String(answered)}`,
    `${interval.low.toFixed(3)}..${interval.high.toFixed(3)}`,
    String(unanswered),
  ];
}

function percentless(rate: number | undefined): string {
  return rate === undefined ? "-" : rate.toFixed(3);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${String(count)}`).join(", ") || "none";
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string[] {
  const line = (row: readonly string[]) => `| ${row.map(escaped).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line), ""];
}

/** A species is the name of a folder. */
function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replace(/[\r\n]/g, " ");
}
