import type { Contestant } from "./contestant.js";
import { nodeProgram, tensorflow } from "./node-program.js";
import { buildPeer, singleThread, thirdParty } from "./programs.js";

/** How a contestant of the whole chain, photo to template, is run. */
export interface ChainOptions {
  /** Path of a JPEG. */
  readonly photo: string;
  /** Threads that do the work, and cores that they get. Default 1. */
  readonly threads?: number;
  readonly progress: (text: string) => void;
}

export interface OurChainOptions extends ChainOptions {
  /** What the engine gets. Default: the JPEG. */
  readonly form?: "jpeg" | "raw";
  /** Pictures under way at once. Default 1. */
  readonly atOnce?: number;
}

/** countenance through its public API. */
export function ourChain(name: string, options: OurChainOptions): Contestant {
  const { photo, threads = 1, form = "jpeg", atOnce = 1 } = options;
  return {
    name,
    cores: threads,
    prepare: () => Promise.resolve(nodeProgram("countenance", photo, threads, form, atOnce)),
  };
}

/** Stock dlib in C++; with several threads, each has a chain of its own. */
export function dlibChain(
  name: string,
  { photo, threads = 1, progress }: ChainOptions,
): Contestant {
  return {
    name,
    cores: threads,
    async prepare() {
      const command = await buildPeer("dlib_peer", progress);
      const { network, landmarks } = thirdParty;
      const args = ["pipeline", network, landmarks, photo, String(threads)];
      return { command, args, env: singleThread };
    },
  };
}

export function humanChain(name: string, options: ChainOptions): Contestant {
  const { photo, threads = 1, progress } = options;
  return tensorflow(name, progress, threads, () => nodeProgram("human", "chain", threads, photo));
}

export function faceApiChain(
  name: string,
  detector: "ssd" | "tiny224",
  options: ChainOptions,
): Contestant {
  const { photo, threads = 1, progress } = options;
  return tensorflow(name, progress, threads, () =>
    nodeProgram("face-api", "chain", threads, detector, photo),
  );
}
