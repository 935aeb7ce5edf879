import { Command } from "commander";

import { createEngine, type Engine } from "../engine.js";
import { CountenanceError } from "../errors.js";
import type { WantedRate } from "../evaluate/attack-rates.js";
import { labelledFiles } from "../evaluate/labelled-files.js";
import { livenessMarkdown } from "../evaluate/liveness-markdown.js";
import { livenessReport } from "../evaluate/liveness-report.js";
import { checkFiles, type Outcome } from "../evaluate/liveness-run.js";
import { blinkRules, checkBlink } from "../liveness/blink-check.js";
import type { VideoOptions } from "../liveness/video.js";
import { modelFolder } from "../models.js";

interface LivenessOptions {
  readonly models: string;
  readonly maxDuration: string;
  readonly apcer?: string;
  readonly bpcer?: string;
  readonly json?: true;
}

/** `countenance evaluate`: measures what countenance decides on data of your own. */
export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description("Measures decisions on data of your own.")
    .addCommand(livenessCommand());
}

function livenessCommand(): Command {
  return new Command("liveness")
    .description(
      "Counts the errors of the passive check, and of the blink check on clips: pictures and clips " +
        "of living people in <folder>/live, of attacks in <folder>/spoof/<species>.",
    )
    .argument("<folder>", "with live/ and spoof/<species>/")
    .option("--models <folder>", "the model folder", modelFolder())
    .option("--max-duration <ms>", "the longest clip", "60000")
    .option("--apcer <rate>", "suggest a threshold that accepts at most this share of attacks")
    .option("--bpcer <rate>", "suggest a threshold that refuses at most this share of people")
    .option("--json", "print one JSON object")
    .action(async (folder: string, options: LivenessOptions) => {
      const controller = new AbortController();
      const stop = () => controller.abort();
      process.once("SIGINT", stop); // a second one ends the process as ever
      try {
        process.stdout.write(await evaluateLiveness(folder, options, controller.signal));
      } finally {
        process.removeListener("SIGINT", stop);
      }
    });
}

async function evaluateLiveness(
  folder: string,
  options: LivenessOptions,
  signal: AbortSignal,
): Promise<string> {
  const wanted = wantedRate(options);
  const maxDurationMs = numberOf("--max-duration", options.maxDuration, 1, 600_000);
  const { files, others } = await labelledFiles(folder);
  await using engine = await createEngine({ models: options.models, signal });
  const outcomes: Outcome[] = [];
  const run = { engine, video: { maxDurationMs }, checkBlink: blinkOf(engine), signal };
  for await (const outcome of checkFiles(files, run)) {
    outcomes.push(outcome);
    const failure = outcome.error === undefined ? "" : `: ${outcome.error}`;
    process.stderr.write(
      `${String(outcomes.length)}/${String(files.length)} ${outcome.file.name}${failure}\n`,
    );
  }
  const report = livenessReport(outcomes, others, wanted);
  return options.json
    ? `${JSON.stringify({ ...report, files: outcomes.map(told) }, mapsAsObjects, 2)}\n`
    : livenessMarkdown(report);
}

function blinkOf(engine: Engine) {
  return async (path: string, video: VideoOptions, signal: AbortSignal) =>
    checkBlink(engine, { path }, blinkRules(video, {}), signal);
}

/** Of each file, without templates or pictures. */
function told({ file, passive, blink, error }: Outcome) {
  const { name, species } = file;
  const blinked = blink && { live: blink.live, reasons: blink.reasons };
  return { file: name, species: species ?? null, passive, blink: blinked, error };
}

function mapsAsObjects(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function wantedRate({ apcer, bpcer }: LivenessOptions): WantedRate | undefined {
  if (apcer !== undefined && bpcer !== undefined) {
    throw invalid("--apcer: expected it without --bpcer, got both");
  }
  if (apcer !== undefined) return { of: "apcer", rate: numberOf("--apcer", apcer, 0, 1) };
  if (bpcer !== undefined) return { of: "bpcer", rate: numberOf("--bpcer", bpcer, 0, 1) };
  return undefined;
}

function numberOf(option: string, text: string, min: number, max: number): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw invalid(`${option}: expected a number in ${String(min)}..${String(max)}, got ${text}`);
}

function invalid(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", message);
}
