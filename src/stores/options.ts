import { CountenanceError } from "../errors.js";
import { fullPathOf } from "../internal/full-path.js";
import { integerIn } from "../internal/validate.js";

/** Of the addon: each waiting piece of work takes memory. */
const MAX_QUEUE = 2 ** 20;

export function queueLimitOf(value: unknown, byDefault: number): number {
  return value === undefined ? byDefault : integerIn("queueLimit", value, 1, MAX_QUEUE);
}

/** As `fullPathOf` gives it. */
export function databasePathOf(value: unknown): string {
  if (value === ":memory:") {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "path: expected the path of a database file, got what can name none",
    );
  }
  return fullPathOf(value, "a database file");
}
