import { describe, expect, test } from "vitest";

import { CountenanceError } from "../../src/errors.js";
import { seal, unseal } from "../../src/liveness/challenge-seal.js";

const KEY = new Uint8Array(32).fill(7);
const VALUE = { nonce: "abc", steps: [{ action: "blink", times: 2 }], mirrored: false };
const TEXT = seal(VALUE, KEY);

function codeOf(text: unknown, key = KEY): string | undefined {
  try {
    unseal(text, key);
    return undefined;
  } catch (error) {
    return error instanceof CountenanceError ? error.code : "another error";
  }
}

test("what was sealed comes back, and the text says its format", () => {
  expect(unseal(TEXT, KEY)).toEqual(VALUE);
  expect(TEXT).toMatch(/^countenance-challenge\.1\.[\w-]+\.[\w-]{43}$/);
});

test("a text of the first release opens for ever", () => {
  const text =
    "countenance-challenge.1.eyJub25jZSI6ImFiYyIsInN0ZXBzIjpbeyJhY3Rpb24iOiJibGluayIsInRpbWVzIjoyfV0sIm1pcnJvcmVkIjpmYWxzZX0.ukALfdAq0pDVowy5Fxefhwr2UBzOFJtrKQ2Bi5N3PIo";
  expect(unseal(text, KEY)).toEqual(VALUE);
});

describe("COUNTENANCE_INVALID_ARGUMENT is thrown", () => {
  test("for a text with any character changed", () => {
    for (let i = 0; i < TEXT.length; i++) {
      const other = TEXT[i] === "A" ? "B" : "A";
      expect(codeOf(TEXT.slice(0, i) + other + TEXT.slice(i + 1))).toBe(
        "COUNTENANCE_INVALID_ARGUMENT",
      );
    }
  });

  test("for a text of any shorter length, and for one with more", () => {
    for (let length = 0; length < TEXT.length; length++) {
      expect(codeOf(TEXT.slice(0, length))).toBe("COUNTENANCE_INVALID_ARGUMENT");
    }
    for (const more of [`${TEXT}A`, `${TEXT}=`, `${TEXT}\n`, ` ${TEXT}`]) {
      expect(codeOf(more)).toBe("COUNTENANCE_INVALID_ARGUMENT");
    }
  });

  test("for the text of another key", () => {
    expect(codeOf(TEXT, new Uint8Array(32).fill(8))).toBe("COUNTENANCE_INVALID_ARGUMENT");
  });

  test.each([
    ["a huge text", "x".repeat(100_000_000)],
    ["an empty text", ""],
    ["a text that is no seal", "countenance-challenge.1.e30"],
    ["a lone surrogate", "\ud800"],
    ["null", null],
    ["a number", 5],
    ["an object with toString", { toString: () => TEXT }],
    ["bytes", new TextEncoder().encode(TEXT)],
  ])("for %s", (_, text) => {
    expect(codeOf(text)).toBe("COUNTENANCE_INVALID_ARGUMENT");
  });

  test("and the message holds nothing of the text", () => {
    expect(() => unseal(`${TEXT}secret`, KEY)).toThrow(/^((?!secret|eyJ).)*$/);
  });
});
