import { CountenanceError } from "../errors.js";

/** A source file is damaged, or holds what our networks have no layer for: nothing is skipped. */
export function refuse(what: string, cause?: unknown): never {
  throw new CountenanceError(
    "COUNTENANCE_MODEL_CORRUPT",
    `model to convert: ${what}`,
    cause === undefined ? undefined : { cause },
  );
}

/** A name out of a hostile file, fit for a message: printable ASCII, and short. */
export function shown(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 80);
}
