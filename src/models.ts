import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { Calibration } from "./calibration.js";
import { CountenanceError } from "./errors.js";
import { packageRoot } from "./internal/native.js";
import { invalidArgument } from "./internal/validate.js";

const JOBS = ["embedding", "landmarks", "detection", "mesh", "iris", "anti-spoofing"] as const;

/** One converted model, as `models/manifest.json` describes it. */
export interface ModelEntry {
  readonly id: string;
  readonly job: (typeof JOBS)[number];
  /** File name in the model folder. */
  readonly file: string;
  /** Of the converted file. */
  readonly sha256: string;
  readonly bytes: number;
  readonly licence: string;
  readonly source: {
    readonly package: string;
    readonly file: string;
    /** Of the official file: the weights hash that a model id carries. */
    readonly sha256: string;
  };
  /** What the network takes in: shape, colour order, normalisation. */
  readonly input: string;
  /** Embedders only. */
  readonly calibrations?: readonly PipelineCalibration[];
}

/** A calibration, and the pipelines that it is for: any two templates of theirs compare by it. */
export interface PipelineCalibration extends Calibration {
  readonly pipelines: readonly string[];
}

export interface ModelStatus {
  readonly entry: ModelEntry;
  readonly state: "ok" | "missing" | "corrupt";
}

/** The command that makes missing or damaged model files. */
const REMEDY =
  "in a source checkout run: npm run build:models; otherwise reinstall the package (npm install countenance)";

function addRemedy(id: string): string {
  return `run: countenance models add ${id} <file>`;
}

/** Names the models that the user added, in the manifest's form. */
export const ADDED = "added.json";

/** The folder that holds the converted models and their manifest. */
export function modelFolder(): string {
  return join(packageRoot(), "models");
}

/**
 * Reads a model folder's manifest.
 * @param folder  The option `models` of an engine: checked here.
 * @throws {CountenanceError} `COUNTENANCE_MODEL_MISSING`, `COUNTENANCE_MODEL_CORRUPT`,
 *   `COUNTENANCE_INVALID_ARGUMENT` for what is no path.
 */
export async function readManifest(folder: string): Promise<readonly ModelEntry[]> {
  if (typeof folder !== "string" || folder === "" || folder.includes("\0")) {
    throw invalidArgument("models", "a non-empty path without NUL", folder);
  }
  return readEntries(folder, "manifest.json", REMEDY);
}

/**
 * The models that the user added to the folder with `countenance models add`; none is no error.
 * @throws {CountenanceError} `COUNTENANCE_MODEL_CORRUPT`.
 */
export async function readAdded(folder: string): Promise<readonly ModelEntry[]> {
  return existsSync(join(folder, ADDED)) ? readEntries(folder, ADDED, addRemedy("<model>")) : [];
}

async function readEntries(
  folder: string,
  file: string,
  remedy: string,
): Promise<readonly ModelEntry[]> {
  const text = await readModelFile(folder, file, remedy);
  try {
    const parsed: unknown = JSON.parse(text.toString("utf8"));
    if (isManifest(parsed)) return parsed.models;
  } catch (cause) {
    throw new CountenanceError("COUNTENANCE_MODEL_CORRUPT", `${file}: no JSON; ${remedy}`, {
      cause,
    });
  }
  throw new CountenanceError(
    "COUNTENANCE_MODEL_CORRUPT",
    `${file}: expected a list of whole model entries; ${remedy}`,
  );
}

/**
 * Reads one model and checks its size and hash.
 * @throws {CountenanceError} `COUNTENANCE_MODEL_MISSING`, `COUNTENANCE_MODEL_CORRUPT`.
 */
export async function readModel(
  folder: string,
  entry: ModelEntry,
  remedy = REMEDY,
): Promise<Uint8Array> {
  const bytes = await readModelFile(folder, entry.file, remedy);
  if (bytes.byteLength !== entry.bytes) {
    throw new CountenanceError(
      "COUNTENANCE_MODEL_CORRUPT",
      `${entry.file}: expected ${String(entry.bytes)} bytes, got ${String(bytes.byteLength)}; ${remedy}`,
    );
  }
  const sha256 = await hash(bytes);
  if (sha256 !== entry.sha256) {
    throw new CountenanceError(
      "COUNTENANCE_MODEL_CORRUPT",
      `${entry.file}: expected sha256 ${entry.sha256}, got ${sha256}; ${remedy}`,
    );
  }
  return bytes;
}

/**
 * Reads a model that the user added, and checks its size and hash.
 * @throws {CountenanceError} `COUNTENANCE_MODEL_MISSING`, `COUNTENANCE_MODEL_CORRUPT`.
 */
export async function readAddedModel(folder: string, id: string): Promise<Uint8Array> {
  const entry = (await readAdded(folder)).find((added) => added.id === id);
  if (entry !== undefined) return readModel(folder, entry, addRemedy(id));
  throw new CountenanceError(
    "COUNTENANCE_MODEL_MISSING",
    `${id}: it comes not with the package; ${addRemedy(id)}`,
  );
}

/** Checks every model of a folder without throwing for a bad one. */
export async function verifyModels(folder: string): Promise<readonly ModelStatus[]> {
  const entries = [...(await readManifest(folder)), ...(await readAdded(folder))];
  return Promise.all(
    entries.map(async (entry): Promise<ModelStatus> => {
      try {
        await readModel(folder, entry);
        return { entry, state: "ok" };
      } catch (error) {
        if (!(error instanceof CountenanceError)) throw error;
        return {
          entry,
          state: error.code === "COUNTENANCE_MODEL_MISSING" ? "missing" : "corrupt",
        };
      }
    }),
  );
}

/** The one model that does a job. */
export function modelFor(entries: readonly ModelEntry[], job: ModelEntry["job"]): ModelEntry {
  const found = entries.find((entry) => entry.job === job);
  if (found === undefined) {
    throw new CountenanceError(
      "COUNTENANCE_MODEL_MISSING",
      `manifest.json: expected a model for ${job}; ${REMEDY}`,
    );
  }
  return found;
}

/**
 * How to read distances between templates of two pipelines, or of one; undefined when nobody has
 * counted that: they do not compare.
 */
export function calibrationFor(
  embedder: ModelEntry,
  pipeline: string,
  other = pipeline,
): Calibration | undefined {
  return embedder.calibrations?.find(
    ({ pipelines }) => pipelines.includes(pipeline) && pipelines.includes(other),
  );
}

/** Network and weights: what templates carry, so that unlike ones are never compared. */
export function modelIdOf(entry: ModelEntry): string {
  // 12 hex digits: 48 bits tell apart every set of weights that this project will ever see.
  return `${entry.id}@${entry.source.sha256.slice(0, 12)}`;
}

async function readModelFile(folder: string, file: string, remedy: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, file));
  } catch (cause) {
    throw new CountenanceError("COUNTENANCE_MODEL_MISSING", `${file}: not readable; ${remedy}`, {
      cause,
    });
  }
}

/** Hashes in pieces with a turn of the event loop between them: 22 MB at once would block it. */
async function hash(bytes: Uint8Array): Promise<string> {
  const pieceBytes = 1 << 20;
  const sha256 = createHash("sha256");
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    sha256.update(bytes.subarray(at, at + pieceBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sha256.digest("hex");
}

function isManifest(value: unknown): value is { models: readonly ModelEntry[] } {
  return (
    typeof value === "object" &&
    value !== null &&
    "models" in value &&
    Array.isArray(value.models) &&
    value.models.every(isEntry)
  );
}

function isEntry(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { id, job, file, sha256, bytes, source, calibrations } = value as Partial<ModelEntry>; // each is checked below
  return (
    typeof id === "string" &&
    JOBS.some((known) => known === job) &&
    typeof file === "string" &&
    /^[\w.-]+$/.test(file) && // a name, never a path out of the folder
    typeof sha256 === "string" &&
    typeof bytes === "number" &&
    typeof source?.sha256 === "string" &&
    (calibrations === undefined ||
      (Array.isArray(calibrations) && calibrations.every(isPipelineCalibration)))
  );
}

function isPipelineCalibration(value: unknown): boolean {
  if (!isCalibration(value)) return false;
  const { pipelines } = value as Partial<PipelineCalibration>; // checked below
  return (
    Array.isArray(pipelines) &&
    pipelines.length > 0 &&
    pipelines.every((name) => typeof name === "string")
  );
}

/** Decisions rest on these numbers: a table that is not one must not load. */
function isCalibration(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { provisional, source, points } = value as Partial<Calibration>; // each is checked below
  return (
    typeof provisional === "boolean" &&
    typeof source === "string" &&
    Array.isArray(points) &&
    points.length >= 2 &&
    points.every(isPoint) &&
    points.every((point, i) => {
      const before = points[i - 1];
      return before === undefined || (before.distance < point.distance && before.fmr <= point.fmr);
    })
  );
}

function isPoint(value: unknown): value is Calibration["points"][number] {
  if (typeof value !== "object" || value === null) return false;
  const { distance, fmr } = value as { distance?: unknown; fmr?: unknown };
  // JSON may hold 1e999, which is read as Infinity.
  return (
    typeof distance === "number" &&
    Number.isFinite(distance) &&
    distance >= 0 &&
    typeof fmr === "number" &&
    fmr > 0 &&
    fmr <= 1
  );
}
