import { isAbsolute, sep } from "node:path";
import { cwd } from "node:process";

import { CountenanceError } from "../errors.js";
import { invalidArgument } from "./validate.js";

/**
 * The path of a file as it is meant now: another thread opens it later, and the host may change its
 * folder until then. Nothing else is resolved: `..` after a symbolic link is the system's to
 * understand. Messages do not hold the path: it may name a person.
 * @param file  What it is the path of, for the error.
 */
export function fullPathOf(value: unknown, file: string): string {
  if (typeof value !== "string") throw invalidArgument("path", "a string", value);
  if (value === "" || value.includes("\0")) {
    throw invalid(`path: expected the path of ${file}, got what can name none`);
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
