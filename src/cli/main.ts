#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Command } from "commander";

import { CountenanceError } from "../errors.js";
import { packageRoot } from "../internal/native.js";
import { doctorCommand } from "./doctor.js";
import { evaluateCommand } from "./evaluate.js";
import { modelsCommand } from "./models.js";

async function main(): Promise<void> {
  // Our own file: its shape is known.
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
    version: string;
  };
  await new Command("countenance")
    .description("Face matching for Node.js: checks of the installation and of its data.")
    .version(version)
    .addCommand(doctorCommand())
    .addCommand(modelsCommand())
    .addCommand(evaluateCommand())
    .parseAsync();
}

main().catch((error: unknown) => {
  const text =
    error instanceof CountenanceError ? `${error.code}: ${error.message}` : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});
