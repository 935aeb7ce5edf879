import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

import type { Launch } from "./contestant.js";

/**
 * The numbers in the kernel's form of a list: `0-3,8`.
 * @throws {RangeError} for anything else.
 */
export function parseCoreList(list: string): readonly number[] {
  const parts = list.trim().split(",");
  return parts.flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    const length = Number(last) - Number(first) + 1;
    if (!(length > 0)) throw new RangeError(`expected a list of cores such as 0-3,8, got ${list}`);
    return Array.from({ length }, (_, i) => Number(first) + i);
  });
}

/** The cores that this process may use; undefined where the system does not say. */
function allowedCores(): readonly number[] | undefined {
  const status = "/proc/self/status";
  if (!existsSync(status) || !existsSync("/usr/bin/taskset")) return undefined;
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(status, "utf8"))?.[1];
  return list === undefined ? undefined : parseCoreList(list);
}

/** How many cores a contestant may be given at most. */
export const allCores = availableParallelism();

/**
 * Confines a process to some cores, so that "one core" means all of its threads: a library's own
 * setting does not reach its decoder, its garbage collector and its host. Elsewhere than on Linux
 * the process starts as it is.
 */
export function confined(launch: Launch, cores: number): Launch {
  const allowed = allowedCores();
  if (allowed === undefined) return launch;
  const chosen = allowed.slice(-cores).join(","); // the first core has the system's own work
  return {
    ...launch,
    command: "/usr/bin/taskset",
    args: ["-c", chosen, launch.command, ...launch.args],
  };
}
