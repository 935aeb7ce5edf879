import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import ts from "typescript";
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

/** A call that asserts: expect and its matchers, or a function of a test file named after it. */
const ASSERTS = /\b(expect|code|error|fails?|refus)\w*|\.each\b/i;

/**
 * The string literals of a test that are, or feed, an assertion: arguments of an asserting call, or
 * the value of a constant. Comments, types, and the codes of errors that a test makes do not count.
 */
function assertedBy(text: string): Set<string> {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && isAsserted(node)) found.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("x.ts", text, ts.ScriptTarget.Latest, true));
  return found;
}

function isAsserted(literal: ts.StringLiteral): boolean {
  if (ts.isLiteralTypeNode(literal.parent)) return false;
  for (let node: ts.Node = literal; !ts.isSourceFile(node); node = node.parent) {
    if (ts.isNewExpression(node)) return false;
    if (ts.isCallExpression(node) && ASSERTS.test(node.expression.getText())) return true;
    if (ts.isVariableDeclaration(node)) return true;
    if (ts.isBlock(node)) return false;
  }
  return false;
}

test("every declared error code is asserted by a test", () => {
  const asserted = assertedBy(textOf("test", "errors-tested.test.ts"));
  expect(ERROR_CODES.filter((code) => !asserted.has(code))).toEqual([]);
});

test("a code is asserted by an expectation, not by a comment, a type or an error that is made", () => {
  for (const text of [
    '// expect(x).toBe("CODE")',
    '/* "CODE" */',
    'let x: "CODE";',
    'throw new CountenanceError("CODE", "");',
    'expect(f(new CountenanceError("CODE", ""))).toBe(1);',
    'test("CODE", () => {});',
    'expect(x).toBe("CODE_OF_MORE");',
  ]) {
    expect(assertedBy(text)).not.toContain("CODE");
  }
  for (const text of [
    'expect(x).toBe("CODE");',
    'await expect(x).rejects.toMatchObject({ code: "CODE" });',
    'test.each([["x", "CODE"]])("%s", () => {});',
    'const WRONG = "CODE";',
    'expectCode("CODE", () => 0);',
  ]) {
    expect(assertedBy(text)).toContain("CODE");
  }
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
