import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { NotAvailable } from "./contestant.js";
import { repository } from "./paths.js";

const run = promisify(execFile);

/** Compiler output of a failed build can be long. */
const MAX_OUTPUT_BYTES = 1 << 26;

/** What scripts/setup.sh has fetched: dlib's source and the official models. */
export const thirdParty = {
  dlib: join(repository, "third_party", "src", "dlib", "dlib"),
  network: join(repository, "third_party", "models", "dlib_face_recognition_resnet_model_v1.dat"),
  landmarks: join(repository, "third_party", "models", "shape_predictor_5_face_landmarks.dat"),
};

/** Our converted models. */
export const models = {
  embedder: join(repository, "models", "dlib-resnet-v1.bin"),
  landmarks: join(repository, "models", "dlib-landmarks-5.bin"),
  blazeface: join(repository, "models", "blazeface.bin"),
  facemesh: join(repository, "models", "facemesh.bin"),
  iris: join(repository, "models", "iris.bin"),
  /** Not ours to ship: there once somebody ran `countenance models add yunet`. */
  yunet: join(repository, "models", "yunet.bin"),
};

/** OpenBLAS and OpenMP start a thread per core unless they are told otherwise. */
export const singleThread = { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" };

/** What each program needs from the system, beside dlib's own. */
const PEER_PACKAGES = {
  dlib_peer: ["libopenblas-dev", "libjpeg-dev"],
  onednn_peer: ["libdnnl-dev"],
  xnnpack_peer: ["libxnnpack-dev", "libpthreadpool-dev"],
} as const;

export type PeerProgram = keyof typeof PEER_PACKAGES;

let peersConfigured: Promise<void> | undefined;

/**
 * Builds a program of bench/native/peers, a project that shares nothing with ours but the reader of
 * model files: stock dlib with the system's OpenBLAS, or our networks on oneDNN or XNNPACK.
 * @throws {NotAvailable} naming the command that helps.
 */
export async function buildPeer(
  name: PeerProgram,
  progress: (text: string) => void,
): Promise<string> {
  const build = join(repository, "build", "bench-peers");
  peersConfigured ??= configurePeers(build, progress);
  await peersConfigured;
  await cmake(
    ["--build", build, "--target", name],
    `${name} does not compile; as root: apt-get install ${PEER_PACKAGES[name].join(" ")}`,
  );
  return join(build, name);
}

async function configurePeers(build: string, progress: (text: string) => void): Promise<void> {
  requireFiles([join(thirdParty.dlib, "CMakeLists.txt"), thirdParty.network, thirdParty.landmarks]);
  progress("building the peers (the first time takes two minutes)");
  try {
    await run("bash", [join(repository, "scripts", "setup.sh"), "--bench", "--until", "packages"]);
  } catch {
    // Each peer's row says which package it lacks; the others can run.
  }
  await cmake(
    [
      "-G",
      "Ninja",
      "-S",
      join(repository, "bench", "native", "peers"),
      "-B",
      build,
      `-DDLIB_SOURCE=${thirdParty.dlib}`,
    ],
    `the peers do not configure; as root: apt-get install ${PEER_PACKAGES.dlib_peer.join(" ")}`,
  );
}

/** The programs of bench/native that time or study our own core. */
export type BenchProgram =
  | "embed_bench"
  | "growth_bench"
  | "network_bench"
  | "precision_study"
  | "search_bench"
  | "search_data"
  | "vision_bench";

const builds = new Map<BenchProgram, Promise<string>>();

/**
 * Builds one of them, once, in the build folder that set-up uses.
 * @throws {NotAvailable} naming the command that helps.
 */
export function buildBench(name: BenchProgram, progress: (text: string) => void): Promise<string> {
  const found = builds.get(name) ?? build(name, progress);
  builds.set(name, found);
  return found;
}

async function build(name: BenchProgram, progress: (text: string) => void): Promise<string> {
  const { yunet: _onRequest, ...shipped } = models;
  requireFiles([thirdParty.dlib, ...Object.values(shipped)]);
  progress(`building ${name}`);
  await cmake(
    ["--preset", "release", "-DCOUNTENANCE_BENCH=ON"],
    "our core does not configure: npm run setup",
  );
  await cmake(["--build", "--preset", "release", "--target", name], `${name} does not compile`);
  return benchPath(name);
}

function benchPath(name: BenchProgram): string {
  return join(repository, "build", "cmake-release", "bench", "native", name);
}

/**
 * Multiplications and additions of a layer-list network, in millions, by network_bench.
 * @param size  Height and width of the input, where it is not the container's.
 */
export async function networkMflop(
  model: string,
  ...size: readonly [] | readonly [height: number, width: number]
): Promise<number> {
  return Number(
    (await run(benchPath("network_bench"), ["mflop", model, ...size.map(String)])).stdout,
  );
}

/** Cuts the largest faces of the pictures (PPM) to chips, with our own detector and alignment. */
export async function cutChips(
  progress: (text: string) => void,
  pictures: readonly string[],
  chips: string,
): Promise<void> {
  const program = await buildBench("embed_bench", progress);
  progress("cutting chips");
  await command(program, ["cut", models.landmarks, chips, ...pictures], "no chips could be cut");
}

/** GFLOP/s of f32 multiply-adds that one core can do; 0 when it cannot tell. */
export async function fmaPeak(progress: (text: string) => void): Promise<number> {
  await buildBench("embed_bench", progress);
  return Number((await run(benchPath("embed_bench"), ["peak"])).stdout);
}

export function requireFiles(paths: readonly string[]): void {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) {
    throw new NotAvailable(`${missing.slice(repository.length)} is missing: npm run setup`);
  }
}

export function cmake(args: readonly string[], meaning: string): Promise<void> {
  return command("cmake", args, meaning);
}

/** @throws {NotAvailable} with `meaning` when the program fails. */
export async function command(
  file: string,
  args: readonly string[],
  meaning: string,
  folder = repository,
): Promise<void> {
  try {
    await run(file, [...args], { cwd: folder, maxBuffer: MAX_OUTPUT_BYTES });
  } catch (cause) {
    throw new NotAvailable(meaning, { cause });
  }
}
