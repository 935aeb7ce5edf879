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

/** A model that users bring themselves. */
interface Addable {
  readonly job: ModelEntry["job"];
  readonly licence: string;
  readonly input: string;
  /** sha256 of its official files. */
  readonly official: Readonly<Record<string, string>>;
  /** @throws {CountenanceError} for another network. */
  readonly check: (network: ConvertedNetwork) => void;
}

/** Far above every network that can be added. */
const MAX_BYTES = 64 * 2 ** 20;

/** Of yunet_n_640_640.onnx, the larger of the official files of a fixed size. */
const OPEN_SIDE = 640;

const ADDABLE: ReadonlyMap<string, Addable> = new Map([
  [
    "yunet",
    {
      job: "detection",
      licence: "Apache-2.0",
      // OpenCV, modules/objdetect/src/face_detect.cpp: no mean, no scale.
      input: "a square picture, BGR; value 0..255",
      official: {
        "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2":
          "yunet_n_320_320.onnx of ShiqiYu/libfacedetection.train",
        "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31":
          "yunet_n_640_640.onnx of ShiqiYu/libfacedetection.train",
        "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12":
          "yunet_n_dynamic.onnx of ShiqiYu/libfacedetection.train",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4":
          "face_detection_yunet_2023mar.onnx of opencv/opencv_zoo",
      },
      check: checkYunet,
    },
  ],
]);

interface AddOptions {
  readonly models: string;
  readonly side?: string;
}

/** `countenance models add`: converts a model that the package does not carry. */
export function modelsAddCommand(): Command {
  return new Command("add")
    .description("Converts a model of your own into the model folder: yunet, from its ONNX file.")
    .argument("<model>", [...ADDABLE.keys()].join(", "))
    .argument("<file>", "the ONNX file")
    .option("--models <folder>", "the model folder", modelFolder())
    .option("--side <pixels>", `height and width of an input left open (${String(OPEN_SIDE)})`)
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
    side: side ?? OPEN_SIDE,
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

/** Outputs of YuNet: per cell of strides 8, 16, 32 two scores, a box and five points. */
function checkYunet({ input, outputs }: ConvertedNetwork): void {
  const { height, width, channels } = input;
  if (height !== width || width % 32 !== 0 || channels !== 3) {
    throw corrupt("expected a square input of 3 channels, a multiple of 32 pixels wide");
  }
  for (const [kind, values] of Object.entries({ cls: 1, obj: 1, bbox: 4, kps: 10 })) {
    for (const stride of [8, 16, 32]) {
      const name = `${kind}_${String(stride)}`;
      const shape = outputs.get(name);
      const cells = width / stride;
      if (shape?.height !== cells || shape.width !== cells || shape.channels !== values) {
        throw corrupt(`expected an output ${name} of ${String(cells)} x ${String(cells)} cells`);
      }
    }
  }
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

function corrupt(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_MODEL_CORRUPT", `model to add: ${message}`);
}
