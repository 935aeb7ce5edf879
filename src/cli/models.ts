import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

import { Command } from "commander";

import { CountenanceError } from "../errors.js";
import { packageRoot } from "../internal/native.js";
import { modelFolder, modelIdOf, readAdded, readManifest, verifyModels } from "../models.js";
import { modelsAddCommand } from "./models-add.js";

/** `countenance models`: what the models are, whether their files are whole, how to get more. */
export function modelsCommand(): Command {
  const command = new Command("models").description("The model files: list, verify, add, build.");
  const folderOption = ["--models <folder>", "the model folder", modelFolder()] as const;

  command
    .command("list")
    .description("Lists the models with licence and source.")
    .option(...folderOption)
    .action(async ({ models }: { models: string }) => {
      for (const entry of [...(await readManifest(models)), ...(await readAdded(models))]) {
        print(`${modelIdOf(entry)}  ${entry.job}  ${entry.licence}  ${entry.file}`);
        print(`  input: ${entry.input}`);
        print(`  source: ${entry.source.package}, ${entry.source.file}`);
      }
    });

  command
    .command("verify")
    .description(
      "Checks that every model file is there, with the size and hash that it should have.",
    )
    .option(...folderOption)
    .action(async ({ models }: { models: string }) => {
      const statuses = await verifyModels(models);
      for (const { entry, state } of statuses) print(`${state.padEnd(8)} ${entry.file}`);
      if (statuses.some(({ state }) => state !== "ok")) process.exitCode = 1;
    });

  command.addCommand(modelsAddCommand());

  command
    .command("build")
    .description("Makes the model files from the official weights (source checkout only).")
    .action(() => {
      const root = packageRoot();
      if (!existsSync(join(root, "scripts", "setup.sh"))) {
        throw new CountenanceError(
          "COUNTENANCE_UNSUPPORTED",
          "expected a source checkout; the published package carries the files: npm install countenance",
        );
      }
      const { status } = spawnSync("npm", ["run", "build:models"], { cwd: root, stdio: "inherit" });
      if (status !== 0) process.exitCode = 1;
    });

  return command;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
