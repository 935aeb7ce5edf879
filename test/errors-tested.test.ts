import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { ERROR_CODES } from "../src/errors.js";

/** The text of a folder's TypeScript files, except those named. */
function textOf(folder: string, ...except: string[]): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !except.includes(path))
    .map((path) => readFileSync(join(folder, path), "utf8"))
    .join("\n");
}

/** native/napi/errors.cpp names every native code; what counts is that native code throws it. */
function nativeText(): string {
  return readdirSync("native", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".cpp") && !path.endsWith("errors.cpp"))
    .map((path) => readFileSync(join("native", path), "utf8"))
    .join("\n");
}

/** COUNTENANCE_STORE_LOCKED is kStoreLocked in C++. */
function nativeName(code: string): string {
  const words = code.toLowerCase().split("_").slice(1);
  return `k${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}`;
}

function missing(code: string, text: string): boolean {
  return !new RegExp(`\\b${code}\\b`).test(text);
}

test("every declared error code is asserted by a test", () => {
  const tests = textOf("test", "errors-tested.test.ts");
  expect(ERROR_CODES.filter((code) => missing(code, tests))).toEqual([]);
});

test("every declared error code is thrown by some source", () => {
  const sources = textOf("src", "errors.ts");
  const native = nativeText();
  expect(
    ERROR_CODES.filter((code) => missing(code, sources) && missing(nativeName(code), native)),
  ).toEqual([]);
});

test("a code is not found in a longer one", () => {
  expect(missing("COUNTENANCE_ABORTED", "COUNTENANCE_ABORTED_EARLY")).toBe(true);
  expect(missing("COUNTENANCE_ABORTED", '"COUNTENANCE_ABORTED"')).toBe(false);
  expect(nativeName("COUNTENANCE_STORE_LOCKED")).toBe("kStoreLocked");
});
