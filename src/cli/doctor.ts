import { existsSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

import { Command } from "commander";

import { createEngine } from "../engine.js";
import { CountenanceError } from "../errors.js";
import { addonPaths, native } from "../internal/native.js";
import { modelFolder, verifyModels } from "../models.js";
import { checkSqliteStore } from "../stores/sqlite.js";

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

interface DoctorOptions {
  readonly models: string;
  readonly full?: true;
  readonly json?: true;
}

/** `countenance doctor`: says whether countenance can work here, and if not, what to do. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Checks platform, Node, addon, CPU and models, and optionally a database.")
    .argument("[database]", "an SQLite store that no process has open")
    .option("--full", "read every page and every face of the database")
    .option("--models <folder>", "the model folder", modelFolder())
    .option("--json", "print one JSON object")
    .action(async (database: string | undefined, options: DoctorOptions) => {
      if (options.full && database === undefined) {
        throw new CountenanceError(
          "COUNTENANCE_INVALID_ARGUMENT",
          "--full: expected a database to check, got none",
        );
      }
      const findings = await examine(database, options);
      const ok = findings.every((finding) => finding.ok);
      const report = options.json
        ? JSON.stringify({ ok, findings })
        : findings
            .map(({ what, ok: fine, detail }) => `${fine ? "ok  " : "FAIL"} ${what}: ${detail}`)
            .join("\n");
      process.stdout.write(`${report}\n`);
      if (!ok) process.exitCode = 1;
    });
}

async function examine(
  database: string | undefined,
  { models, full }: DoctorOptions,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [
    { what: "platform", ok: true, detail: `${process.platform}-${process.arch}` },
    { what: "node", ok: true, detail: process.version },
    {
      what: "cpu",
      ok: true,
      detail: `${cpus()[0]?.model.trim() ?? "unknown model"}, ${String(availableParallelism())} cores`,
    },
    await finding("addon", () => {
      native();
      return addonPaths().find((path) => existsSync(path)) ?? "loaded";
    }),
  ];
  try {
    for (const { entry, state } of await verifyModels(models)) {
      findings.push({
        what: `model ${entry.id}`,
        ok: state === "ok",
        detail: `${state}, ${entry.file}`,
      });
    }
  } catch (error) {
    findings.push(failed("models", error));
  }
  findings.push(
    await finding("engine", async () => {
      const started = performance.now();
      const engine = await createEngine({ models, threads: 1 });
      const readyMs = performance.now() - started;
      await engine.close();
      return `${engine.modelId}, ${engine.detector}, ${engine.pipeline}, ready in ${readyMs.toFixed(0)} ms`;
    }),
  );
  if (database !== undefined) {
    findings.push(
      await finding("database", async () => {
        const { subjects, faces, model } = await checkSqliteStore(database, {
          full: full === true,
        });
        return `${String(subjects)} subjects, ${String(faces)} faces of ${model ?? "no model yet"}`;
      }),
    );
  }
  return findings;
}

async function finding(what: string, check: () => string | Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, detail: await check() };
  } catch (error) {
    return failed(what, error);
  }
}

function failed(what: string, error: unknown): Finding {
  if (!(error instanceof CountenanceError)) throw error;
  return { what, ok: false, detail: `${error.code}: ${error.message}` };
}
