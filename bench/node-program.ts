import type { Contestant, Launch } from "./contestant.js";
import { installPeers } from "./install.js";
import { bundleFolder } from "./paths.js";

/** How to start a program of bench/contestants. */
export function nodeProgram(file: string, ...args: readonly (string | number)[]): Launch {
  return { command: process.execPath, args: [`${bundleFolder}${file}.js`, ...args.map(String)] };
}

/** A contestant that needs the peers of bench/package.json. */
export function tensorflow(
  name: string,
  progress: (text: string) => void,
  cores: number,
  launch: () => Launch,
): Contestant {
  return {
    name,
    cores,
    async prepare() {
      await installPeers(progress);
      return launch();
    },
  };
}
