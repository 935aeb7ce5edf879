import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";

import { repository } from "./paths.js";

/** Where and with what numbers were made. */
export interface Machine {
  readonly date: string;
  /** With "+" when the tree had changes that are not committed. */
  readonly commit: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Of the minute before the bench: far above 0 means that others were at work too. */
  readonly loadBefore: number;
  readonly platform: string;
  readonly node: string;
  /** File name to the first 12 hex digits of its sha256. */
  readonly models: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    commit: commit(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: loadavg()[0] ?? 0,
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    models: modelHashes(join(repository, "models")),
  };
}

function commit(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", repository, ...args], { encoding: "utf8", stdio: "pipe" }).trim();
    return (
      git("rev-parse", "--short=12", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+")
    );
  } catch {
    return "not a git checkout"; // an unpacked archive has no history to name
  }
}

function modelHashes(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith(".bin"))
      .map((file) => [
        file,
        createHash("sha256")
          .update(readFileSync(join(folder, file)))
          .digest("hex")
          .slice(0, 12),
      ]),
  );
}
