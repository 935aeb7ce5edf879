import { expect, test } from "vitest";

import { AbortedError, CountenanceError } from "../../src/errors.js";
import { inScope, Operations } from "../../src/internal/operations.js";

const closed = () => new CountenanceError("COUNTENANCE_STORE_CLOSED", "closed");

/** Work that ends only when its signal fires. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new AbortedError(signal.reason)));
  });

test("work gets a signal that fires with the caller's", async () => {
  const controller = new AbortController();
  const running = new Operations(closed).run(controller.signal, untilAborted);
  controller.abort("enough");
  await expect(running).rejects.toMatchObject({ code: "COUNTENANCE_ABORTED", cause: "enough" });
});

test("a signal that fired before starts nothing", async () => {
  let started = false;
  const running = new Operations(closed).run(AbortSignal.abort("no"), () => {
    started = true;
    return Promise.resolve();
  });
  await expect(running).rejects.toMatchObject({ code: "COUNTENANCE_ABORTED" });
  expect(started).toBe(false);
});

test("closing ends what is under way with the owner's own code", async () => {
  const operations = new Operations(closed);
  const running = operations.run(undefined, untilAborted);
  const ended = expect(running).rejects.toMatchObject({ code: "COUNTENANCE_STORE_CLOSED" });
  await operations.close();
  await ended;
});

test("closing waits for work that cannot be stopped", async () => {
  const operations = new Operations(closed);
  let ended = false;
  const running = operations.run(undefined, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    ended = true;
    return 7;
  });
  await operations.close();
  expect(ended).toBe(true);
  await expect(running).resolves.toBe(7);
});

test("a closed owner refuses new work, and closing twice is the same as once", async () => {
  const operations = new Operations(closed);
  await Promise.all([operations.close(), operations.close()]);
  await expect(operations.run(undefined, () => Promise.resolve())).rejects.toMatchObject({
    code: "COUNTENANCE_STORE_CLOSED",
  });
});

test("a caller's signal keeps no listener after the call", async () => {
  const counts = { add: 0, remove: 0 };
  const counted = {
    aborted: false,
    reason: undefined,
    addEventListener: () => counts.add++,
    removeEventListener: () => counts.remove++,
  } as unknown as AbortSignal;
  await new Operations(closed).run(counted, () => Promise.resolve());
  expect(counts).toEqual({ add: 1, remove: 1 });
});

test("a thousand calls with one signal share one listener, and all of them end with it", async () => {
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  const operations = new Operations(closed);
  const calls = Array.from({ length: 1000 }, () => operations.run(signal, untilAborted));
  expect(listeners).toBe(1);
  controller.abort("enough");
  for (const outcome of await Promise.allSettled(calls)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { cause: "enough" } });
  }
});

test("a scope's signal fires when the scope ends, however it ends", async () => {
  const seen: AbortSignal[] = [];
  const { signal } = new AbortController();
  await inScope(signal, async (inner) => void seen.push(inner));
  await inScope(signal, async (inner) => {
    seen.push(inner);
    throw new Error("planned");
  }).catch(() => undefined);
  expect(seen.map(({ aborted }) => aborted)).toEqual([true, true]);
});
