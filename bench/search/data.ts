import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createEngine } from "../../src/engine.js";
import { forAll, LFW_DEV, picturesByPerson } from "../accuracy/strangers.js";
import { NotAvailable } from "../contestant.js";
import { cacheFolder } from "../paths.js";
import { buildBench, command } from "../programs.js";
import type { VectorFile } from "../vector-file.js";

/** The vectors of one part of the case, and how many of them it uses. */
export interface SearchData extends VectorFile {
  readonly rows: number;
}

const QUERIES = 1000;
/** Part of the files' names: another number makes them anew. */
const VERSION = 1;

type Progress = (text: string) => void;

/**
 * Vectors that search_data makes of numbers alone, written once.
 * @param kind  A mode of search_data.
 * @param uses  How many of the first rows to know the truth of; none for those that check
 *   themselves.
 */
export async function madeData(
  progress: Progress,
  kind: "clustered" | "duplicates" | "equidistant",
  shape: { readonly dimension: number; readonly rows: number },
  uses: readonly number[] = [],
): Promise<SearchData> {
  const { dimension, rows } = shape;
  const name = [kind, dimension, rows, `v${String(VERSION)}`].join("-");
  return await dataOf(progress, name, { dimension, rows }, uses, () =>
    Promise.resolve([kind, String(dimension), String(rows), String(QUERIES)]),
  );
}

/**
 * The vectors of lfw-dev, by our own engine, among made-up people who differ as they do.
 * @throws {NotAvailable} where there are no such pictures.
 */
export async function fittedData(progress: Progress, rows: number): Promise<SearchData> {
  if (!existsSync(LFW_DEV)) throw new NotAvailable("no ../shared/data/lfw-dev");
  const name = ["fitted", rows, `v${String(VERSION)}`].join("-");
  return await dataOf(progress, name, { dimension: 128, rows }, [rows], async () => {
    const { vectors, people } = await embedPictures(progress);
    return ["fitted", vectors, people, String(rows), String(QUERIES)];
  });
}

async function dataOf(
  progress: Progress,
  name: string,
  shape: { readonly dimension: number; readonly rows: number },
  uses: readonly number[],
  argumentsOf: () => Promise<readonly string[]>,
): Promise<SearchData> {
  mkdirSync(cacheFolder, { recursive: true });
  const prefix = join(cacheFolder, name);
  const program = await buildBench("search_data", progress);
  if (!existsSync(`${prefix}.query.f32`)) {
    progress(`making ${name}`);
    const scratch = `${prefix}.partial`;
    await command(program, [...(await argumentsOf()), scratch], `${name} cannot be made`);
    for (const kind of ["base", "query"]) {
      renameSync(`${scratch}.${kind}.f32`, `${prefix}.${kind}.f32`);
    }
  }
  for (const rows of uses) {
    if (existsSync(`${prefix}.truth-${String(rows)}.f64`)) continue;
    progress(`finding what is nearest in ${name}`);
    const args = ["truth", String(shape.dimension), String(rows), prefix];
    await command(program, args, `the truth of ${name} cannot be found`);
  }
  return { prefix, ...shape };
}

/** The largest face of each picture, and whose it is; the files' paths. */
async function embedPictures(
  progress: Progress,
): Promise<{ readonly vectors: string; readonly people: string }> {
  const vectors = join(cacheFolder, "lfw-dev.f32");
  const people = join(cacheFolder, "lfw-dev.people.i32");
  if (existsSync(vectors) && existsSync(people)) return { vectors, people };
  const pictures = picturesByPerson().flatMap((paths, person) =>
    paths.map((path) => ({ path, person })),
  );
  progress(`embedding ${String(pictures.length)} pictures (some minutes, once)`);
  const found = new Map<number, Float32Array>();
  await using engine = await createEngine();
  await forAll(pictures, engine.threads + 1, async ({ path }, i) => {
    const [face] = await engine.analyze({ path }, { maxFaces: 1 });
    if (face?.template !== undefined) found.set(i, face.template.vector);
  });
  const inOrder = pictures.flatMap(({ person }, i) => {
    const vector = found.get(i);
    return vector === undefined ? [] : [{ person, vector }];
  });
  writeFileSync(people, new Int32Array(inOrder.map(({ person }) => person)));
  writeFileSync(vectors, Buffer.concat(inOrder.map(({ vector }) => bytesOf(vector))));
  return { vectors, people };
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}
