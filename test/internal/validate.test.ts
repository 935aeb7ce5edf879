import { runInNewContext } from "node:vm";

import { describe, expect, test } from "vitest";

import {
  boundedText,
  id,
  integerIn,
  invalidArgument,
  jsonText,
  MAX_METADATA_BYTES,
  numberIn,
  optionalBoolean,
  optionalSignal,
  plainCopy,
  plainOptions,
} from "../../src/internal/validate.js";

function errorOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("expected an error");
}

function expectRefused(work: () => unknown): void {
  expect(errorOf(work)).toMatchObject({ code: "COUNTENANCE_INVALID_ARGUMENT" });
}

test("a message says what was expected, and of what came the type only", () => {
  expect(errorOf(() => integerIn("limit", 0, 1, 1000)).message).toBe(
    "limit: expected an integer in 1..1000, got 0",
  );
  const got = (value: unknown) => invalidArgument("x", "y", value).message.split("got ")[1];
  expect([undefined, null, NaN, "ada", true, 5n, Symbol("ada"), [1], { ada: 1 }].map(got)).toEqual([
    "undefined",
    "null",
    "a number",
    "a string",
    "a boolean",
    "a bigint",
    "a symbol",
    "an array",
    "an object",
  ]);
});

test("integers and numbers are checked with both ends included", () => {
  expect([integerIn("n", 1, 1, 3), integerIn("n", 3, 1, 3), numberIn("n", 0.5, 0, 0.5)]).toEqual([
    1, 3, 0.5,
  ]);
  for (const wrong of [0, 4, 1.5, NaN, Infinity, "2", 2n, null, undefined, [2]]) {
    expectRefused(() => integerIn("n", wrong, 1, 3));
  }
  for (const wrong of [-0.1, 1.1, NaN, -Infinity, "0.5", null, undefined]) {
    expectRefused(() => numberIn("n", wrong, 0, 1));
  }
});

test("booleans and signals may be absent, and are nothing else", () => {
  expect(optionalBoolean("b", undefined)).toBeUndefined();
  expect(optionalBoolean("b", false)).toBe(false);
  for (const wrong of [null, 0, "true"]) expectRefused(() => optionalBoolean("b", wrong));
  const { signal } = new AbortController();
  expect(optionalSignal("signal", undefined)).toBeUndefined();
  expect(optionalSignal("signal", signal)).toBe(signal);
  for (const wrong of [null, {}, { aborted: true }, new AbortController(), "signal"]) {
    expectRefused(() => optionalSignal("signal", wrong));
  }
});

test("a number is shown where a number is asked for, and nowhere else: it may be an id", () => {
  expect(errorOf(() => integerIn("n", 4711, 1, 3)).message).toContain("4711");
  expect(errorOf(() => numberIn("n", 4711, 0, 1)).message).toContain("4711");
  for (const refuse of [
    () => id("subjectId", 4711),
    () => plainOptions("options", 4711, []),
    () => optionalSignal("signal", 4711),
    () => optionalBoolean("embed", 4711),
  ]) {
    expect(errorOf(refuse).message).not.toContain("4711");
  }
});

test("a signal of another realm is a signal", () => {
  const foreign: unknown = runInNewContext(
    `({ aborted: false, reason: undefined, addEventListener() {}, removeEventListener() {} })`,
  );
  expect(optionalSignal("signal", foreign)).toBe(foreign);
});

describe("what throws when it is read is refused, without what it threw", () => {
  const boom = (): never => {
    throw new Error("secret");
  };
  const revoked = (target: object) => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const throwing = { getPrototypeOf: boom, ownKeys: boom, get: boom, has: boom };
  const values: [string, unknown][] = [
    [
      "a getter",
      {
        get limit() {
          return boom();
        },
      },
    ],
    ["a proxy", new Proxy({}, throwing)],
    ["a proxy that lists its keys only when asked", new Proxy({ limit: 1 }, { get: boom })],
    ["a revoked proxy", revoked({})],
    ["a revoked array", revoked([])],
  ];
  const expectQuiet = (work: () => unknown) => {
    const error = errorOf(work);
    expect(error).toMatchObject({ code: "COUNTENANCE_INVALID_ARGUMENT" });
    expect(error.cause).toBeUndefined();
    expect(error.message).not.toContain("secret");
  };

  test.each(values)("%s", (_, value) => {
    expectQuiet(() => plainOptions("options", value, ["limit"]));
    expectQuiet(() => plainCopy("image", value));
    expectQuiet(() => jsonText("metadata", value));
    expectQuiet(() => jsonText("metadata", [value]));
    expectQuiet(() => optionalSignal("signal", value));
    expectQuiet(() => id("subjectId", value));
    expectQuiet(() => integerIn("n", value, 1, 2));
  });

  test.each(["aborted", "reason", "addEventListener", "removeEventListener"])(
    "a signal whose %s throws",
    (property) => {
      const signal = { aborted: false, addEventListener() {}, removeEventListener() {} };
      expectQuiet(() =>
        optionalSignal("signal", Object.defineProperty({ ...signal }, property, { get: boom })),
      );
      expectQuiet(() => optionalSignal("signal", { ...signal, addEventListener: boom }));
    },
  );

  test("a signal without the signal's own slots", () => {
    expectQuiet(() => optionalSignal("signal", Object.create(AbortSignal.prototype)));
  });
});

describe("options", () => {
  test("are copied, so that later changes are not seen", () => {
    const given: Record<string, unknown> = { limit: 1 };
    const options = plainOptions("options", given, ["limit"]);
    given.limit = 2;
    expect(options).toEqual({ limit: 1 });
    expect(plainOptions("options", undefined, ["limit"])).toEqual({});
    expect(plainOptions("options", Object.create(null), ["limit"])).toEqual({});
  });

  test("an unknown key is named when it is an identifier, as a typo is, and not otherwise", () => {
    const message = (given: object) =>
      errorOf(() => plainOptions("options", given, ["limit"])).message;
    expect(message({ limt: 5 })).toBe('options: expected no other keys than limit, got "limt"');
    expect(message({ "ada@example.org": 5 })).not.toContain("ada");
    expect(message(JSON.parse('{"__proto__": 1}') as object)).toContain("__proto__");
  });

  test.each([null, 1, "limit", [], new Date(), new Map(), () => 0])("%# are refused", (wrong) => {
    expectRefused(() => plainOptions("options", wrong, ["limit"]));
  });
});

describe("ids", () => {
  test.each(["a", "a".repeat(1024), "\u00e9".repeat(512), " ", "a/b\0c", "\u{1f600}", "__proto__"])(
    "%# is allowed",
    (value) => {
      expect(id("subjectId", value)).toBe(value);
    },
  );

  test.each(["", "a".repeat(1025), "\u00e9".repeat(513), "\ud800", "x\udc00y", 1, null, undefined])(
    "%# is refused",
    (value) => {
      expectRefused(() => id("subjectId", value));
    },
  );

  test("a refused text is not repeated", () => {
    expect(errorOf(() => boundedText("x", "ada", 2)).message).not.toContain("ada");
  });
});

describe("metadata", () => {
  test.each([null, true, 0, -0.5, "x\n\u2028", [], {}, { a: [1, { b: null }] }, { "": "" }])(
    "%j becomes its JSON text",
    (value) => {
      expect(jsonText("metadata", value)).toBe(JSON.stringify(value));
    },
  );

  test("a key __proto__ is a key like any other", () => {
    const text = '{"__proto__":{"admin":true}}';
    expect(jsonText("metadata", JSON.parse(text))).toBe(text);
  });

  const cycle: unknown[] = [];
  cycle.push(cycle);
  test.each([
    undefined,
    NaN,
    Infinity,
    1n,
    Symbol("x"),
    () => 0,
    new Date(0),
    new Map(),
    new Uint8Array(2),
    { a: undefined },
    [undefined],
    Array(3),
    { toJSON: () => "x" },
    "lone \ud800",
    { "\udc00": 1 },
    cycle,
  ])("%# is refused: it is no plain JSON", (value) => {
    expectRefused(() => jsonText("metadata", value));
  });

  test("64 KiB of UTF-8 is the limit, and giants are refused fast", () => {
    const exact = "x".repeat(MAX_METADATA_BYTES - 2);
    expect(jsonText("metadata", exact)).toHaveLength(MAX_METADATA_BYTES);
    for (const giant of [
      `${exact}x`,
      "\u00e9".repeat(MAX_METADATA_BYTES / 2),
      Array<number>(MAX_METADATA_BYTES).fill(1),
      Array(2 ** 32 - 1),
      { a: exact },
    ]) {
      expectRefused(() => jsonText("metadata", giant));
    }
  });
});
