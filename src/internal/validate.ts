import { CountenanceError } from "../errors.js";

/** The longest subject, face and gallery id, in UTF-8 bytes: it fits an index page of every store. */
export const MAX_ID_BYTES = 1024;
export const MAX_METADATA_BYTES = 64 * 1024;
/** Deeper metadata is refused: it is a cycle, or it would exhaust somebody's stack. */
const MAX_METADATA_DEPTH = 64;
/** Only such keys are named in messages: a key that looks like data may be data. */
const NAMEABLE_KEY = /^[A-Za-z_$][\w$]{0,39}$/;

/** The error for an argument: what was expected, and what came by its type only. */
export function invalidArgument(name: string, expected: string, got: unknown): CountenanceError {
  return refusal(`${name}: expected ${expected}, got ${describe(got)}`);
}

export function integerIn(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw outOfRange(name, `an integer in ${String(min)}..${String(max)}`, value);
}

export function numberIn(name: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw outOfRange(name, `a number in ${String(min)}..${String(max)}`, value);
}

/** Only here a number is shown: elsewhere it may be an id, and an id may be a person's. */
function outOfRange(name: string, expected: string, got: unknown): CountenanceError {
  return refusal(
    `${name}: expected ${expected}, got ${typeof got === "number" ? String(got) : describe(got)}`,
  );
}

export function optionalBoolean(name: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw invalidArgument(name, "a boolean", value);
}

/** One of some words, which the error lists. */
export function oneOf<T extends string>(name: string, value: unknown, known: readonly T[]): T {
  const found = known.find((word) => word === value);
  if (found !== undefined) return found;
  throw invalidArgument(name, `one of ${known.join(", ")}`, value);
}

/** Judged by what it does: a signal of another realm (a test runner, a polyfill) works too. */
export function optionalSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (worksAsSignal(value)) return value;
  throw invalidArgument(name, "an AbortSignal", value);
}

function worksAsSignal(value: unknown): value is AbortSignal {
  try {
    if (value instanceof AbortSignal) return typeof value.aborted === "boolean";
    // Whatever it is: every use of it that we make is tried here.
    const signal = value as Pick<
      AbortSignal,
      "aborted" | "reason" | "addEventListener" | "removeEventListener"
    >;
    const listener = () => undefined;
    signal.addEventListener("abort", listener, { once: true });
    signal.removeEventListener("abort", listener);
    const tried: readonly unknown[] = [signal.aborted, signal.reason];
    return typeof tried[0] === "boolean";
  } catch {
    return false; // and not the error: its text is the caller's
  }
}

/**
 * A copy of an object literal: later changes by the caller, or by its getters, are not seen. What a
 * getter throws is not passed on: its text is the caller's.
 */
export function plainCopy(name: string, value: unknown): Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) throw invalidArgument(name, "a plain object", value);
  try {
    return { ...value };
  } catch {
    throw refusal(`${name}: expected a readable object, got one that throws`);
  }
}

/**
 * An options object with no other keys than `allowed`, so that a typo is an error and not a default.
 * @returns A copy, as of `plainCopy`.
 */
export function plainOptions<K extends string>(
  name: string,
  value: unknown,
  allowed: readonly K[],
): Partial<Record<K, unknown>> {
  if (value === undefined) return {};
  const known: readonly string[] = allowed;
  const copy = plainCopy(name, value);
  for (const key of Object.keys(copy)) {
    if (known.includes(key)) continue;
    const shown = NAMEABLE_KEY.test(key) ? `"${key}"` : "one that is no identifier";
    throw refusal(`${name}: expected no other keys than ${allowed.join(", ")}, got ${shown}`);
  }
  // Its keys are a subset of K: checked in the loop.
  return copy as Partial<Record<K, unknown>>;
}

/** An id of a subject, a gallery or a face: any well-formed text of 1..1024 UTF-8 bytes. */
export function id(name: string, value: unknown): string {
  return boundedText(name, value, MAX_ID_BYTES);
}

/** Well-formed Unicode of 1..maxBytes UTF-8 bytes. */
export function boundedText(name: string, value: unknown, maxBytes: number): string {
  const expected = `a string of 1..${String(maxBytes)} UTF-8 bytes`;
  if (typeof value !== "string") throw invalidArgument(name, expected, value);
  // A code unit is at least one byte: a giant string is refused before it is encoded.
  const bytes = value.length > maxBytes ? value.length : utf8Length(value);
  if (bytes === 0 || bytes > maxBytes) {
    throw refusal(`${name}: expected ${expected}, got ${bytes === 0 ? "none" : "more"}`);
  }
  if (hasLoneSurrogate(value)) {
    throw refusal(`${name}: expected well-formed Unicode, got a lone surrogate`);
  }
  return value;
}

/**
 * The JSON text of a plain JSON value, at most 64 KiB in UTF-8.
 *
 * Built by hand: `JSON.stringify` would run the caller's `toJSON`, and turn dates, `NaN`, functions
 * and `undefined` silently into something else.
 */
export function jsonText(name: string, value: unknown): string {
  const text = jsonTextOf(name, value);
  if (utf8Length(text) > MAX_METADATA_BYTES) throw tooLargeJson(name);
  return text;
}

function jsonTextOf(name: string, value: unknown): string {
  try {
    return new JsonWriter(name).write(value, 0);
  } catch (error) {
    if (error instanceof CountenanceError) throw error;
    throw refusal(`${name}: expected readable JSON, got an object that throws`);
  }
}

class JsonWriter {
  readonly #name: string;
  #written = 0;

  constructor(name: string) {
    this.#name = name;
  }

  write(value: unknown, depth: number): string {
    if (depth > MAX_METADATA_DEPTH) {
      throw refusal(
        `${this.#name}: expected at most ${String(MAX_METADATA_DEPTH)} levels, got more`,
      );
    }
    if (Array.isArray(value)) {
      // By index, not by iterator: an iterator may be the caller's own, and skips nothing.
      const items = Array.from({ length: this.#spend(value.length, value.length) }, (_, i) =>
        this.write(value[i], depth + 1),
      );
      return `[${items.join(",")}]`;
    }
    if (isPlainObject(value)) {
      const keys = Object.keys(value);
      this.#spend(keys.length, 0);
      const members = keys.map(
        (key) => `${this.#string(key)}:${this.write(value[key], depth + 1)}`,
      );
      return `{${members.join(",")}}`;
    }
    return this.#scalar(value);
  }

  #scalar(value: unknown): string {
    if (typeof value === "string") return this.#string(value);
    if (value === null || typeof value === "boolean" || Number.isFinite(value)) {
      return JSON.stringify(value);
    }
    throw invalidArgument(
      this.#name,
      "JSON (null, booleans, finite numbers, strings, arrays, plain objects)",
      value,
    );
  }

  #string(text: string): string {
    this.#spend(text.length, 0);
    if (hasLoneSurrogate(text)) {
      throw refusal(`${this.#name}: expected well-formed Unicode, got a lone surrogate`);
    }
    return JSON.stringify(text);
  }

  /** Every unit of cost is at least one byte of the text: giants are refused before they are built. */
  #spend<T>(cost: number, result: T): T {
    this.#written += cost;
    if (this.#written > MAX_METADATA_BYTES) throw tooLargeJson(this.#name);
    return result;
  }
}

function tooLargeJson(name: string): CountenanceError {
  return refusal(`${name}: expected at most ${String(MAX_METADATA_BYTES)} bytes of JSON, got more`);
}

function refusal(message: string): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", message);
}

/** Says what a value is without its contents: it may be a name, a picture or a vector. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return isArray(value) ? "an array" : "an object";
}

/** False for what throws when it is looked at. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  try {
    const { [Symbol.asyncIterator]: iterate } = Object(value) as Partial<AsyncIterable<unknown>>;
    return typeof iterate === "function";
  } catch {
    return false; // a getter or proxy of the caller's
  }
}

/** An object literal, of any realm: its prototype is none, or one that has none itself. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || isArray(value)) return false;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
  } catch {
    return false; // a proxy that throws
  }
}

/** `Array.isArray` throws for a revoked proxy. */
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** `String.prototype.isWellFormed` is newer than the library level that we compile against. */
function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
