import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { modelFolder } from "../../src/models.js";
import { repository } from "../paths.js";

const THEIRS = join(repository, "../shared/data/models");
const NETWORKS = [
  ["minifasnet-v2", "MiniFASNetV2.onnx"],
  ["minifasnet-v1se", "MiniFASNetV1SE.onnx"],
] as const;

/**
 * A model folder with both networks of MiniFASNet, added by the command line as users add them.
 * @returns Undefined where their ONNX files are not there. To be removed by the caller.
 */
export async function passiveModelFolder(): Promise<string | undefined> {
  if (!existsSync(THEIRS)) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "countenance-bench-"));
  for (const file of await readdir(modelFolder())) {
    const isOurs = file === "manifest.json" || file.endsWith(".bin");
    if (isOurs && !file.startsWith("minifasnet")) {
      await symlink(join(modelFolder(), file), join(folder, file));
    }
  }
  const program = join(repository, "dist/cli/main.js");
  for (const [id, file] of NETWORKS) {
    const add = [program, "models", "add", id, join(THEIRS, file), "--models", folder];
    await promisify(execFile)(process.execPath, add);
  }
  return folder;
}
