// npm run bench -- <case> [--json] [--save] [--count <n>]
import { parseArgs } from "node:util";

import { alignment } from "./accuracy/alignment.js";
import { detection } from "./accuracy/detection.js";
import { fmr } from "./accuracy/fmr.js";
import { liveness } from "./accuracy/liveness.js";
import { pairs } from "./accuracy/pairs.js";
import { precision } from "./accuracy/precision.js";
import type { BenchCase } from "./case.js";
import { align } from "./cases/align.js";
import { batch } from "./cases/batch.js";
import { detect } from "./cases/detect.js";
import { embed } from "./cases/embed.js";
import { growth } from "./cases/growth.js";
import { loop } from "./cases/loop.js";
import { memory } from "./cases/memory.js";
import { network } from "./cases/network.js";
import { pipeline } from "./cases/pipeline.js";
import { search } from "./cases/search.js";
import { store } from "./cases/store.js";
import { startup } from "./cases/startup.js";
import { describeMachine } from "./machine.js";
import { save, table, type Report } from "./report.js";

const CASES: readonly BenchCase[] = [
  embed,
  network,
  detect,
  align,
  pipeline,
  batch,
  startup,
  loop,
  search,
  store,
  growth,
  memory,
  pairs,
  fmr,
  detection,
  alignment,
  precision,
  liveness,
];

const USAGE = [
  "npm run bench -- <case> [--json] [--save] [--count <n>]",
  "",
  ...CASES.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`),
  "",
  "  --json    prints one JSON object as the last line",
  "  --save    writes bench/results/<date>-<case>.json",
  "  --count   how many times, in cases that say so",
].join("\n");

/** The exit code: 0, 1 when a check failed, 2 for a wrong command line. */
async function main(args: readonly string[]): Promise<number> {
  const options = {
    json: { type: "boolean" },
    save: { type: "boolean" },
    count: { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [name, ...rest] = positionals;
  if (name === undefined) {
    console.log(USAGE);
    return 0;
  }
  const chosen = CASES.find((candidate) => candidate.name === name);
  if (chosen === undefined || rest.length > 0) {
    console.error(`expected one case of: ${CASES.map((one) => one.name).join(", ")}`);
    return 2;
  }

  const count = values.count === undefined ? undefined : Number(values.count);
  if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
    console.error(`--count: expected an integer from 1, got ${String(values.count)}`);
    return 2;
  }

  const machine = describeMachine();
  const result = await chosen.run((text) => process.stderr.write(`bench ${name}: ${text}\n`), {
    count,
  });
  const report: Report = { case: name, machine, ...result };
  console.log(table(report));
  if (values.save === true) console.log(`\nsaved ${save(report)}`);
  if (values.json === true) console.log(JSON.stringify({ ...report, plots: undefined }));
  return (report.checks ?? []).every((check) => check.pass) ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TypeError && "code" in error)) throw error;
  console.error(error.message); // parseArgs: an unknown option
  process.exitCode = 2;
}
