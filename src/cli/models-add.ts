import { createHash } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";

import { Command } from "commander";

import { goldenPicture } from "../conversion/golden.js";
import type { ConvertedNetwork } from "../conversion/layer.js";
import { convertOnnx } from "../conversion/onnx.js";
import { CountenanceError } from "../errors.js";
import { native } from "../internal/native.js";
import { fromNative } from "../internal/task.js";
import { ADDED, type ModelEntry, modelFolder, readAdded, readManifest } from "../models.js";
import { ADDABLE, corrupt } from "./addable-models.js";

/** Far above every network that can be added. */
const MAX_BYTES = 64 * 2 ** 20;

interface AddOptions {
  readonly models: string;
  readonly side?: string;
}

/** `countenance models add`: converts a model that the package does not carry. */
export function modelsAddCommand(): Command {
  return new Command("add")
    .description(
      `Converts a model of your own, an ONNX file, into the model folder: ${[...ADDABLE.keys()].join(", ")}.`,
    )
    .argument("<model>", [...ADDABLE.keys()].join(", "))
    .argument("<file>", "the ONNX file")
    .option("--models <folder>", "the model folder", modelFolder())
    .option("--side <pixels>", "height and width of an input that the file leaves open")
    .action(async (id: string, path: string, { models, side }: AddOptions) => {
      const entry = await addModel(models, id, path, side === undefined ? undefined : Number(side));
      const official = ADDABLE.get(id)?.official[entry.source.sha256];
      process.stdout.write(
        [
          `${entry.file}: ${String(entry.bytes)} bytes, sha256 ${entry.sha256}`,
          `  from: ${path}, sha256 ${entry.source.sha256}`,
          official === undefined
            ? "  This is none of the official files: its results are as good as its maker."
            : `  This is the official file ${official}.`,
          `  in: ${models}`,
          "",
        ].join("\n"),
      );
    });
}

async function addModel(
  folder: string,
  id: string,
  path: string,
  side: number | undefined,
): Promise<ModelEntry> {
  const addable = ADDABLE.get(id);
  if (addable === undefined) {
    throw invalid(`model: expected one of ${[...ADDABLE.keys()].join(", ")}`);
  }
  if (side !== undefined && !(Number.isInteger(side) && side >= 32 && side <= 4096)) {
    throw invalid(`--side: expected an integer in 32..4096, got ${String(side)}`);
  }
  // An engine needs the other models beside this one.
  await readManifest(folder);
  const bytes = await readSource(path);
  const source = { package: "added by hand", file: basename(path), sha256: sha256(bytes) };
  const { job, licence, input } = addable;
  const network = convertOnnx({
    bytes,
    side: side ?? addable.side,
    properties: { id, licence, "source.file": source.file, "source.sha256": source.sha256, input },
  });
  addable.check(network);
  if (side !== undefined && side !== network.input.height) {
    throw invalid(`--side: the file's own is ${String(network.input.height)} pixels`);
  }
  runOnce(network);

  const entry: ModelEntry = {
    id,
    job,
    file: `${id}.bin`,
    bytes: network.bytes.length,
    sha256: sha256(network.bytes),
    licence,
    source,
    input,
  };
  const others = (await readAdded(folder)).filter((other) => other.id !== id);
  await replaceFile(folder, entry.file, network.bytes);
  const added = JSON.stringify({ version: 1, models: [...others, entry] }, null, 2);
  await replaceFile(folder, ADDED, Buffer.from(`${added}\n`));
  return entry;
}

async function readSource(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (found.isFile() && found.size <= MAX_BYTES) return await readFile(path);
  } catch (cause) {
    throw invalid(`file: ${path} is not readable`, cause);
  }
  throw invalid(`file: expected a file of at most ${String(MAX_BYTES)} bytes`);
}

/** Whether our inference core takes it, and gives numbers. */
function runOnce({ bytes, input }: ConvertedNetwork): void {
  try {
    const picture = goldenPicture({ ...input, low: 0, high: 255 });
    for (const [name, values] of Object.entries(native().runModel("network", bytes, picture))) {
      if (!values.every(Number.isFinite)) throw corrupt(`its output ${name} is not finite`);
    }
  } catch (error) {
    throw fromNative(error);
  }
}

/** The whole file or the old one: never half a file, whenever the process ends. */
async function replaceFile(folder: string, file: string, bytes: Uint8Array): Promise<void> {
  const made = join(folder, `${file}.${String(process.pid)}.tmp`);
  try {
    const handle = await open(made, "w", 0o644);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(made, join(folder, file));
  } catch (cause) {
    await rm(made, { force: true }).catch(() => undefined); // the first failure is the one to tell
    throw invalid(
      `--models: ${join(folder, file)} cannot be written; copy the model folder to a place of your own, ` +
        "name it here, and give it to createEngine as option models",
      cause,
    );
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function invalid(message: string, cause?: unknown): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", message, { cause });
}
