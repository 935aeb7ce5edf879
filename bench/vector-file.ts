import { closeSync, openSync, readSync, statSync } from "node:fs";

/** Rows of floats in a file, as bench/native/vector_files.h says. */
export interface VectorFile {
  readonly prefix: string;
  readonly dimension: number;
}

/** All or the first rows of the base. */
export function readBase(file: VectorFile, rows: number): Float32Array {
  return readFloats(`${file.prefix}.base.f32`, 0, rows * file.dimension);
}

export function readQueries(file: VectorFile): readonly Float32Array[] {
  const path = `${file.prefix}.query.f32`;
  const values = readFloats(path, 0, statSync(path).size / 4);
  return splitRows(values, file.dimension);
}

/** Each a copy of its own: usearch ignores where a view of a larger array begins. */
export function splitRows(values: Float32Array, dimension: number): readonly Float32Array[] {
  return Array.from({ length: values.length / dimension }, (_, i) =>
    values.slice(i * dimension, (i + 1) * dimension),
  );
}

/** One row of the base. */
export function readRow(file: VectorFile, row: number): Float32Array {
  return readFloats(`${file.prefix}.base.f32`, row * file.dimension, file.dimension);
}

/** The truth of the first queries: squared distances of the ten nearest of so many rows. */
export function readTruth(file: VectorFile, rows: number): readonly (readonly number[])[] {
  const path = `${file.prefix}.truth-${String(rows)}.f64`;
  const pairs = new Float64Array(readBytes(path, 0, statSync(path).size));
  const perQuery = 10;
  return Array.from({ length: pairs.length / perQuery / 2 }, (_, query) =>
    Array.from({ length: perQuery }, (_, i) => pairs[(query * perQuery + i) * 2 + 1] ?? NaN),
  );
}

function readFloats(path: string, first: number, count: number): Float32Array {
  return new Float32Array(readBytes(path, first * 4, count * 4));
}

/** In pieces: one read takes 2 GiB at most. */
function readBytes(path: string, from: number, length: number): ArrayBuffer {
  const bytes = new Uint8Array(length);
  const descriptor = openSync(path, "r");
  try {
    for (let at = 0; at < length;) {
      const read = readSync(descriptor, bytes, at, Math.min(length - at, 1 << 30), from + at);
      if (read === 0) throw new Error(`error: ${path} ends early`);
      at += read;
    }
  } finally {
    closeSync(descriptor);
  }
  return bytes.buffer;
}
