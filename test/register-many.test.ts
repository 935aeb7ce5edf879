import { expect, test } from "vitest";

import { AbortedError, CountenanceError } from "../src/errors.js";
import { registerEach, type RegisterManyItem } from "../src/register-many.js";
import type { Registration } from "../src/registration.js";

const item = (subjectId: string): RegisterManyItem => ({ subjectId, images: new Uint8Array() });
const done = (subjectId = "?"): Registration => ({
  subjectId,
  faceIds: ["f"],
  faces: [],
  liveness: undefined,
});
const tick = () => new Promise((resolve) => setImmediate(resolve));

test("every item gives one result with its place in the input", async () => {
  const items = ["a", "b", "c", "d", "e"].map(item);
  const seen = new Map<number, string>();
  for await (const result of registerEach(async ({ subjectId }) => done(subjectId), items, {})) {
    if (result.ok) seen.set(result.index, result.registration.subjectId);
  }
  expect([...seen].sort(([a], [b]) => a - b)).toEqual([...["a", "b", "c", "d", "e"].entries()]);
});

test("a bad item is a result and does not stop the rest", async () => {
  const register = async ({ subjectId }: RegisterManyItem) => {
    if (subjectId === "bad") throw new CountenanceError("COUNTENANCE_NO_FACE", "none");
    return done(subjectId);
  };
  const codes: string[] = [];
  const progress: unknown[] = [];
  const results = registerEach(register, [item("a"), item("bad"), item("c")], {
    concurrency: 1,
    onProgress: (p) => progress.push(p),
  });
  for await (const result of results) codes.push(result.ok ? "ok" : result.error.code);
  expect(codes).toEqual(["ok", "COUNTENANCE_NO_FACE", "ok"]);
  expect(progress).toEqual([
    { done: 1, failed: 0 },
    { done: 2, failed: 1 },
    { done: 3, failed: 1 },
  ]);
});

test("an item that is no object is a bad item", async () => {
  // Wrong on purpose: JavaScript callers have no types.
  const items = [null, 3] as unknown as RegisterManyItem[];
  for await (const result of registerEach(async () => done(), items, {})) {
    expect(result).toMatchObject({ ok: false, error: { code: "COUNTENANCE_INVALID_ARGUMENT" } });
  }
});

test("never more than `concurrency` run at once, and the input is not read ahead", async () => {
  let [running, most, pulled] = [0, 0, 0];
  function* source() {
    for (let i = 0; i < 20; i++) {
      pulled++;
      yield item(String(i));
    }
  }
  const register = async () => {
    most = Math.max(most, ++running);
    await tick();
    running--;
    return done();
  };
  let taken = 0;
  for await (const _result of registerEach(register, source(), { concurrency: 3 })) {
    taken++;
    expect(pulled).toBeLessThanOrEqual(taken + 3);
  }
  expect([taken, most]).toEqual([20, 3]);
});

test("leaving the loop aborts what runs and closes the input", async () => {
  let closed = false;
  let aborted = 0;
  async function* source() {
    try {
      for (;;) yield item("x");
    } finally {
      closed = true;
    }
  }
  let first = true;
  const register = (_item: RegisterManyItem, signal: AbortSignal): Promise<Registration> => {
    if (first) {
      first = false;
      return tick().then(() => done());
    }
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted++;
        reject(new AbortedError());
      });
    });
  };
  for await (const _result of registerEach(register, source(), { concurrency: 3 })) break;
  expect([closed, aborted]).toEqual([true, 2]);
});

test("a signal ends the loop with ABORTED", async () => {
  const controller = new AbortController();
  const register = (_item: RegisterManyItem, signal: AbortSignal): Promise<Registration> =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(new AbortedError(signal.reason)));
    });
  const loop = registerEach(register, [item("a"), item("b")], { signal: controller.signal });
  const next = loop.next();
  await tick();
  controller.abort();
  await expect(next).rejects.toMatchObject({ code: "COUNTENANCE_ABORTED" });
});

test("a result is given out while the input is idle", async () => {
  async function* source() {
    yield item("a");
    await new Promise(() => undefined);
  }
  const loop = registerEach(async ({ subjectId }) => done(subjectId), source(), { concurrency: 4 });
  expect((await loop.next()).value).toMatchObject({ ok: true, index: 0 });
  await loop.return(undefined);
});

test("an abort ends the loop while the input is idle", async () => {
  const controller = new AbortController();
  async function* source() {
    await new Promise(() => undefined);
    yield item("never");
  }
  const loop = registerEach(async () => done(), source(), { signal: controller.signal });
  const next = loop.next();
  await tick();
  controller.abort("enough");
  await expect(next).rejects.toMatchObject({ code: "COUNTENANCE_ABORTED", cause: "enough" });
});

test("a defect while the input is slow is no unhandled rejection", async () => {
  async function* source() {
    yield item("a");
    await tick();
    await tick();
    yield item("b");
  }
  const loop = registerEach(() => Promise.reject(new TypeError("defect")), source(), {});
  await expect(loop.next()).rejects.toThrow(TypeError);
});

test.each([[5], ["x"], [null]])("an onProgress of %s is refused", async (onProgress) => {
  const options = { onProgress } as unknown as object;
  const loop = registerEach(async () => done(), [], options);
  await expect(loop.next()).rejects.toMatchObject({ code: "COUNTENANCE_INVALID_ARGUMENT" });
});

test("an input whose next() gives nothing is refused", async () => {
  const items = { [Symbol.iterator]: () => ({ next: () => undefined }) };
  const loop = registerEach(async () => done(), items as unknown as RegisterManyItem[], {});
  await expect(loop.next()).rejects.toMatchObject({ code: "COUNTENANCE_INVALID_ARGUMENT" });
});

test("a defect ends the loop instead of being counted as a bad item", async () => {
  const loop = registerEach(() => Promise.reject(new TypeError("defect")), [item("a")], {});
  await expect(loop.next()).rejects.toThrow(TypeError);
});

test("an input that throws ends the loop with its error", async () => {
  function* source() {
    yield item("a");
    throw new RangeError("input");
  }
  const loop = registerEach(async () => done(), source(), { concurrency: 2 });
  await expect(loop.next()).rejects.toThrow(RangeError);
});

test.each([[undefined], [7], ["abc".length], [null]])("%s is no input", async (items) => {
  const loop = registerEach(async () => done(), items as unknown as RegisterManyItem[], {});
  await expect(loop.next()).rejects.toMatchObject({ code: "COUNTENANCE_INVALID_ARGUMENT" });
});

test.each([[0], [65], [1.5]])("a concurrency of %s is refused", async (concurrency) => {
  const loop = registerEach(async () => done(), [], { concurrency });
  await expect(loop.next()).rejects.toMatchObject({ code: "COUNTENANCE_INVALID_ARGUMENT" });
});
