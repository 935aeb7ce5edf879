import { CountenanceError } from "../errors.js";
import type { SqlRow } from "../internal/native.js";
import { isUint8Array } from "../internal/typed-array.js";
import type { FaceRecord, Metadata, SubjectSummary } from "./store.js";

function corrupt(column: string): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_STORE_CORRUPT",
    `the database holds something unexpected in column ${column}`,
  );
}

export function textOf(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw corrupt(column);
  return value;
}

export function numberOf(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw corrupt(column);
  return value;
}

function optionalNumberOf(row: SqlRow, column: string): number | undefined {
  return row[column] === null ? undefined : numberOf(row, column);
}

export function vectorOf(row: SqlRow, column: string, dimension: number): Float32Array {
  const value = row[column];
  if (!isUint8Array(value) || value.length !== dimension * 4) throw corrupt(column);
  // Fresh memory of the addon, so its offset is a multiple of four. Little endian, as is written.
  return new Float32Array(value.buffer, value.byteOffset, dimension);
}

export function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Columns: id, metadata, created_at_ms. */
export function summaryOf(row: SqlRow): SubjectSummary {
  return {
    id: textOf(row, "id"),
    metadata: metadataOf(row),
    createdAtMs: numberOf(row, "created_at_ms"),
  };
}

function metadataOf(row: SqlRow): Metadata | undefined {
  if (row["metadata"] === null) return undefined;
  try {
    return JSON.parse(textOf(row, "metadata")) as Metadata; // any JSON value is a Metadata
  } catch {
    throw corrupt("metadata"); // without the cause: it quotes the text
  }
}

/** Columns: id, vector, x, y, width, height, score, created_at_ms. */
export function faceOf(row: SqlRow, subjectId: string, dimension: number): FaceRecord {
  const x = optionalNumberOf(row, "x");
  return {
    id: textOf(row, "id"),
    subjectId,
    vector: vectorOf(row, "vector", dimension),
    box:
      x === undefined
        ? undefined
        : {
            x,
            y: numberOf(row, "y"),
            width: numberOf(row, "width"),
            height: numberOf(row, "height"),
          },
    score: optionalNumberOf(row, "score"),
    createdAtMs: numberOf(row, "created_at_ms"),
  };
}
