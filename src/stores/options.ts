import { isAbsolute, sep } from "node:path";
import { cwd } from "node:process";

import { CountenanceError } from "../errors.js";
import { integerIn, invalidArgument } from "../internal/validate.js";

/** Of the addon: each waiting piece of work takes memory. */
const MAX_QUEUE = 2 ** 20;

export function queueLimitOf(value: unknown, byDefault: number): number {
  return value === undefined ? byDefault : integerIn("queueLimit", value, 1, MAX_QUEUE);
}

/**
 * The path of a database as it is meant now: another thread opens it later, and the host may change
 * its folder until then. Nothing else is resolved: `..` after a symbolic link is the system's to
 * understand. Messages do not hold the path: it may name a person.
 */
export function databasePathOf(value: unknown): string {
  if (typeof value !== "string") throw invalidArgument("path", "a string", value);
  if (value === "" || value === ":memory:" || value.includes("\0")) {
    throw invalid("path: expected the path of a database file, got what can name none");
  }
  if (isAbsolute(value)) return value;
  try {
    return `${cwd()}${sep}${value}`;
  } catch (cause) {
    throw invalid("path: expected an absolute one while the current folder is gone", cause);
  }
}

function invalid(message: string, cause?: unknown): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", message, { cause });
}
