import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { NotAvailable } from "./contestant.js";
import { repository } from "./paths.js";
import { cmake, command, requireFiles } from "./programs.js";

/** Debian's own archive, and the same source for AVX2 and for the CPU at hand. */
export type FaissBuild = "debian" | "avx2" | "native";

const SOURCE = join(repository, "third_party", "src", "faiss");
const FOLDER = join(repository, "build", "bench-faiss");
const BUILD = join(FOLDER, "build");

/** Debian 12's package, of the version whose source we use. */
const PACKAGE = {
  name: "libfaiss-dev=1.7.3-2+b1",
  file: "libfaiss-dev_1.7.3-2+b1_amd64.deb",
  sha256: "d55fcf187bf3f264c5e7764bf256e604fcb13d13e1b836bf0b1d7ac6711edac6",
};

let configured: Promise<void> | undefined;

/**
 * Builds bench/native/peers/faiss_peer.cpp with one of them.
 * @throws {NotAvailable} naming the command that helps.
 */
export async function buildFaiss(
  build: FaissBuild,
  progress: (text: string) => void,
): Promise<string> {
  configured ??= configure(progress);
  await configured;
  const name = `faiss_${build}_peer`;
  if (build === "debian" && !existsSync(unpacked())) {
    throw new NotAvailable(`no ${PACKAGE.file}: apt-get download ${PACKAGE.name} fails`);
  }
  await cmake(["--build", BUILD, "--target", name], `${name} does not compile`);
  return join(BUILD, name);
}

async function configure(progress: (text: string) => void): Promise<void> {
  requireFiles([SOURCE]);
  progress("building FAISS (a minute, once)");
  try {
    await fetchDebian();
  } catch (error) {
    if (!(error instanceof NotAvailable)) throw error;
    progress(error.message); // its rows say so too; the other builds can run
  }
  const source = join(repository, "bench", "native", "peers", "faiss");
  const debian = existsSync(unpacked()) ? unpacked() : "";
  await cmake(
    ["-G", "Ninja", "-S", source, "-B", BUILD]
      .concat(`-DFAISS_SOURCE=${SOURCE}`)
      .concat(`-DFAISS_DEBIAN=${debian}`),
    "the FAISS peers do not configure; as root: apt-get install libopenblas-dev",
  );
}

function unpacked(): string {
  return join(FOLDER, "debian");
}

/** Unpacks the package without installing it, so that no root is needed. */
async function fetchDebian(): Promise<void> {
  if (existsSync(unpacked())) return;
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, PACKAGE.file);
  if (!existsSync(path)) {
    await command("apt-get", ["download", PACKAGE.name], "no such package of Debian's", FOLDER);
  }
  const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
  if (hash !== PACKAGE.sha256) throw new NotAvailable(`${PACKAGE.file} is not the pinned one`);
  await command("dpkg-deb", ["-x", path, unpacked()], `${PACKAGE.file} does not unpack`);
}
