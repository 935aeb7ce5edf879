import { runInNewContext } from "node:vm";

import { describe, expect, test } from "vitest";

import { CountenanceError } from "../../src/errors.js";
import type { NativeTask } from "../../src/internal/native.js";
import { fromNative, settle } from "../../src/internal/task.js";

const withCode = (code: string, message = "native text") =>
  Object.assign(new Error(message), { code });

describe("fromNative", () => {
  test("keeps the code and the message of the addon, and the error as cause", () => {
    const cause = withCode("COUNTENANCE_BUSY");
    expect(fromNative(cause)).toMatchObject({
      name: "CountenanceError",
      code: "COUNTENANCE_BUSY",
      message: "native text",
      cause,
    });
  });

  test.each([[new Error("no code")], [withCode("ENOENT")], ["text"], [undefined], [null]])(
    "makes COUNTENANCE_INTERNAL of %s",
    (error) => {
      expect(fromNative(error)).toMatchObject({ code: "COUNTENANCE_INTERNAL" });
    },
  );

  test("keeps the code of an error of another realm", () => {
    const text = 'Object.assign(new Error("native text"), { code: "COUNTENANCE_BUSY" })';
    const foreign: unknown = runInNewContext(text);
    expect(foreign).not.toBeInstanceOf(Error);
    expect(fromNative(foreign)).toMatchObject({
      code: "COUNTENANCE_BUSY",
      message: "native text",
    });
  });

  test("leaves our own errors as they are", () => {
    const error = new CountenanceError("COUNTENANCE_NO_FACE", "none");
    expect(fromNative(error)).toBe(error);
  });
});

describe("settle", () => {
  const never: NativeTask<never> = { done: new Promise(() => undefined), cancel: () => undefined };

  test("gives the task's value", async () => {
    await expect(settle(() => ({ ...never, done: Promise.resolve(7) }))).resolves.toBe(7);
  });

  test("wraps what start throws", async () => {
    const starting = settle(() => {
      throw withCode("COUNTENANCE_BUSY");
    });
    await expect(starting).rejects.toMatchObject({ code: "COUNTENANCE_BUSY" });
  });

  test("cancels the task once when the signal fires, and tells the reason", async () => {
    const controller = new AbortController();
    let cancelled = 0;
    const running = settle(() => {
      let reject: (error: Error) => void = () => undefined;
      const done = new Promise<never>((_, rejectDone) => (reject = rejectDone));
      const cancel = () => {
        cancelled++;
        reject(withCode("COUNTENANCE_ABORTED"));
      };
      return { done, cancel };
    }, controller.signal);
    controller.abort("enough");
    await expect(running).rejects.toMatchObject({ name: "AbortedError", cause: "enough" });
    expect(cancelled).toBe(1);
  });

  test("starts nothing when the signal has fired", async () => {
    let started = false;
    const start = () => {
      started = true;
      return never;
    };
    await expect(settle(start, AbortSignal.abort())).rejects.toMatchObject({
      code: "COUNTENANCE_ABORTED",
    });
    expect(started).toBe(false);
  });
});
