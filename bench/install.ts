import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";

import { NotAvailable } from "./contestant.js";
import { repository } from "./paths.js";

const run = promisify(execFile);
const folder = join(repository, "bench");
let installed: Promise<void> | undefined;

/**
 * Installs the peers of bench/package.json on first need: they are heavy, so that the repository's
 * own install stays lean.
 * @throws {NotAvailable} when npm cannot.
 */
export function installPeers(progress: (text: string) => void): Promise<void> {
  installed ??= install(progress);
  return installed;
}

async function install(progress: (text: string) => void): Promise<void> {
  // npm writes this file when an install is complete.
  if (existsSync(join(folder, "node_modules", ".package-lock.json"))) return;
  progress("installing the peers of bench/package.json (about 370 MB, once)");
  try {
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  } catch (cause) {
    throw new NotAvailable("npm ci --prefix bench failed", { cause });
  }
}

/** The folder of an installed peer. */
export function peerFolder(name: string): string {
  return join(folder, "node_modules", name);
}

/**
 * Loads an installed package, or one file of it by `peerFolder`. The caller knows its types: the
 * peers' own pull in the DOM.
 */
export function loadPeer(specifier: string): unknown {
  return createRequire(join(folder, "package.json"))(specifier);
}
