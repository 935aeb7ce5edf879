import { availableParallelism } from "node:os";

import { native, type NativeIndex } from "../internal/native.js";
import { fromNative } from "../internal/task.js";

/** More threads than these make one store's searches compete with those of the other engines. */
const MAX_THREADS = 4;

/** An empty index with its own threads. */
export function createNativeIndex(dimension: number, queueLimit: number): NativeIndex {
  const threads = Math.min(MAX_THREADS, availableParallelism());
  try {
    return native().createIndex({ dimension, threads, queueLimit });
  } catch (error) {
    throw fromNative(error);
  }
}
