import { readdir, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";

import { CountenanceError } from "../errors.js";

/** A picture or a clip of which it is known what it shows: one presentation. */
export interface LabelledFile {
  /** Absolute, or relative as the folder is. */
  readonly path: string;
  /** Relative to the folder, with forward slashes. */
  readonly name: string;
  readonly kind: "picture" | "clip";
  /** The kind of attack, such as `print` or `phone-replay`; undefined: a living person. */
  readonly species: string | undefined;
}

export interface LabelledFolder {
  /** In the order of their names, so that every run reports alike. */
  readonly files: readonly LabelledFile[];
  /** How many were passed over: no pictures or clips by their names. */
  readonly others: number;
}

const PICTURES = new Set([".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".gif"]);
const CLIPS = new Set([".mp4", ".mov", ".m4v", ".webm", ".mkv"]);
const ATTACKS = new Set(["spoof", "attack"]);

/**
 * Lists `live/**` and `spoof/<species>/**` (or `attack/<species>/**`) of a folder. What lies right
 * in `spoof` is of the species `unnamed`.
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT` for a folder that is not readable or has
 *   nothing to measure.
 */
export async function labelledFiles(folder: string): Promise<LabelledFolder> {
  const files: LabelledFile[] = [];
  let others = 0;
  for (const parts of await filesBelow(folder)) {
    const species = speciesOf(parts);
    const kind = kindOf(parts.at(-1) ?? "");
    if (species === undefined || kind === undefined) {
      others += 1;
      continue;
    }
    const label = species === LIVE ? undefined : species;
    files.push({ path: join(folder, ...parts), name: parts.join("/"), kind, species: label });
  }
  if (files.length === 0) {
    throw invalid("expected pictures or clips in live/ and spoof/<species>/, found none");
  }
  return { files: files.sort((a, b) => (a.name < b.name ? -1 : 1)), others };
}

const LIVE = Symbol("live");

function speciesOf([top = "", ...rest]: readonly string[]): string | typeof LIVE | undefined {
  if (rest.length === 0) return undefined;
  if (top === "live") return LIVE;
  if (!ATTACKS.has(top)) return undefined;
  return rest.length > 1 ? rest[0] : "unnamed";
}

function kindOf(name: string): LabelledFile["kind"] | undefined {
  const end = extname(name).toLowerCase();
  return PICTURES.has(end) ? "picture" : CLIPS.has(end) ? "clip" : undefined;
}

/** Links to files are followed, links to folders are not. */
async function filesBelow(folder: string): Promise<readonly string[][]> {
  try {
    const files: string[][] = [];
    for (const name of await readdir(folder, { recursive: true })) {
      const found = await stat(join(folder, name)).catch(() => undefined); // a link to nothing
      if (found?.isFile() === true) files.push(name.split(sep));
    }
    return files;
  } catch (cause) {
    throw new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", "folder: not readable", { cause });
  }
}

function invalid(expected: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", `folder: ${expected}`);
}
