import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { NotAvailable } from "./contestant.js";
import { repository } from "./paths.js";

const run = promisify(execFile);
const folder = join(repository, "bench");
/** Compiler output of a failed build can be long. */
const MAX_OUTPUT_BYTES = 1 << 26;

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
  const lock = readFileSync(join(folder, "package-lock.json"));
  const key = createHash("sha256").update(lock).digest("hex");
  const stamp = join(folder, "node_modules", ".bench-stamp");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  progress("installing the peers of bench/package.json (about 570 MB, once)");
  try {
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  } catch (cause) {
    throw new NotAvailable("npm ci --prefix bench failed", { cause });
  }
  writeFileSync(stamp, key);
}

const compiled = new Map<string, Promise<void>>();

/**
 * Compiles a peer that comes as C++ source alone, with the headers of the running Node and for the
 * CPU at hand, which is its best setting. Nothing happens when it has been compiled before.
 * @throws {NotAvailable} when this machine cannot.
 */
export function compilePeer(
  name: "hnswlib-node" | "better-sqlite3",
  addon: string,
  progress: (text: string) => void,
): Promise<void> {
  const found = compiled.get(name) ?? compile(name, addon, progress);
  compiled.set(name, found);
  return found;
}

async function compile(
  name: string,
  addon: string,
  progress: (text: string) => void,
): Promise<void> {
  await installPeers(progress);
  if (existsSync(join(peerFolder(name), "build", "Release", addon))) return;
  progress(`compiling ${name} (about a minute, once)`);
  const gyp = join(repository, "node_modules", "node-gyp", "bin", "node-gyp.js");
  const nodeFolder = dirname(dirname(process.execPath));
  const headers = existsSync(join(nodeFolder, "include", "node", "node_api.h"))
    ? [`--nodedir=${nodeFolder}`]
    : []; // node-gyp then looks where npm is told to
  try {
    await run(process.execPath, [gyp, "rebuild", "--release", ...headers], {
      cwd: peerFolder(name),
      env: { ...process.env, CXXFLAGS: "-O3 -march=native" },
      maxBuffer: MAX_OUTPUT_BYTES,
    });
  } catch (cause) {
    throw new NotAvailable(`${name} does not compile: node-gyp rebuild in its folder`, { cause });
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
