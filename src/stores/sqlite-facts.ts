import { CountenanceError } from "../errors.js";
import type { SqliteReader } from "./sqlite-reader.js";
import { numberOf, textOf } from "./sqlite-rows.js";
import type { StoredModel } from "./store.js";

/** What a store must know before its first transaction. */
export interface Facts {
  readonly pinned: StoredModel;
  /** Of the last transaction. */
  readonly sequence: number;
  /** The highest keys that are in use. */
  readonly subject: number;
  readonly face: number;
  readonly gallery: number;
}

/** @throws {CountenanceError} `STORE_CORRUPT` for a sequence that lags behind what was written. */
export async function readFacts(
  reader: SqliteReader,
  signal: AbortSignal | undefined,
): Promise<Facts> {
  const newestChange = "(SELECT coalesce(max(sequence), 0) FROM change_log)";
  const newestSubject =
    "(SELECT coalesce(max(revision), 0) FROM (SELECT revision FROM subject ORDER BY key DESC LIMIT 1))";
  const results = await reader.read(
    [
      {
        sql: `SELECT model_id, pipeline, dimension, sequence, max(${newestChange}, ${newestSubject}) AS newest FROM store`,
      },
      { sql: "SELECT coalesce(max(key), 0) AS key FROM subject" },
      { sql: "SELECT coalesce(max(key), 0) AS key FROM face" },
      { sql: "SELECT coalesce(max(key), 0) AS key FROM gallery" },
    ],
    signal,
  );
  const [facts = {}, subject = {}, face = {}, gallery = {}] = results.map((rows) => rows[0]);
  const sequence = numberOf(facts, "sequence");
  if (sequence < numberOf(facts, "newest")) {
    throw new CountenanceError(
      "COUNTENANCE_STORE_CORRUPT",
      "the database has changes of transactions that are still to come",
    );
  }
  return {
    pinned: {
      modelId: textOf(facts, "model_id"),
      pipeline: textOf(facts, "pipeline"),
      dimension: numberOf(facts, "dimension"),
    },
    sequence,
    subject: numberOf(subject, "key"),
    face: numberOf(face, "key"),
    gallery: numberOf(gallery, "key"),
  };
}
