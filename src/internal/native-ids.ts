import { CountenanceError } from "../errors.js";
import type { NativeIds } from "./native.js";
import { invalidArgument, MAX_ID_BYTES } from "./validate.js";

/** 2^53 - 2: the addon's keys are the ids plus one, and end at 2^53 - 1. */
export const MAX_INTEGER_ID = Number.MAX_SAFE_INTEGER - 1;
/** Of all strings of one call together; the longest string of V8 has twice as many. */
const MAX_CHARACTERS = 2 ** 28;

/**
 * Ids of one kind, copied for the addon. One joined string crosses in a twentieth of the time that
 * a thousand of them take. What is left for the addon to refuse is a string of more bytes than
 * characters allow, and a lone surrogate.
 * @throws {CountenanceError} `INVALID_ARGUMENT`.
 */
export function nativeIds(name: string, value: unknown): NativeIds {
  const ids = arrayOf(name, value);
  if (typeof ids[0] === "string") return strings(name, ids);
  return integers(name, ids);
}

/** A copy, so that what is checked is what is used. */
function arrayOf(name: string, value: unknown): readonly unknown[] {
  try {
    if (Array.isArray(value)) return Array.prototype.slice.call(value);
  } catch {
    // A proxy or a getter threw: what, is the caller's.
  }
  throw invalidArgument(name, "an array of ids", value);
}

function integers(name: string, ids: readonly unknown[]): Float64Array {
  const numbers = new Float64Array(ids.length);
  for (const [i, id] of ids.entries()) {
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > MAX_INTEGER_ID) {
      throw wrongId(name, id, ids[0]);
    }
    numbers[i] = id;
  }
  return numbers;
}

function strings(name: string, ids: readonly unknown[]): NativeIds {
  const lengths = new Uint32Array(ids.length);
  let characters = 0;
  for (const [i, id] of ids.entries()) {
    if (typeof id !== "string" || id.length === 0 || id.length > MAX_ID_BYTES) {
      throw wrongId(name, id, ids[0]);
    }
    lengths[i] = id.length;
    characters += id.length;
  }
  if (characters > MAX_CHARACTERS) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      `${name}: expected at most ${String(MAX_CHARACTERS)} characters in one call, got more`,
    );
  }
  return { text: ids.join(""), lengths };
}

/** Without the id: it may be a person's. */
function wrongId(name: string, id: unknown, first: unknown): CountenanceError {
  const mixed = typeof id !== typeof first && (typeof id === "string" || typeof id === "number");
  const expected = mixed
    ? "ids of one kind, strings or integers"
    : `strings of 1..${String(MAX_ID_BYTES)} UTF-8 bytes, or integers in 0..2^53-2`;
  return invalidArgument(name, expected, id);
}
