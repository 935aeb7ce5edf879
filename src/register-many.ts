import { setMaxListeners } from "node:events";

import { CountenanceError } from "./errors.js";
import { integerIn, invalidArgument, optionalSignal, plainOptions } from "./internal/validate.js";
import type { Probe } from "./probe.js";
import type { RegisterOptions, Registration } from "./registration.js";

/** One person to register: `register`'s arguments by name. */
export interface RegisterManyItem extends Omit<RegisterOptions, "signal"> {
  /** Undefined makes a UUID. */
  readonly subjectId?: string;
  readonly images: Probe | readonly Probe[];
}

export interface RegisterManyOptions {
  /** How many registrations run at once, 1..64. Default 4: decoding and two workers stay busy. */
  readonly concurrency?: number;
  /** Called after each item that ended, before its result is given out. */
  readonly onProgress?: (progress: { readonly done: number; readonly failed: number }) => void;
  readonly signal?: AbortSignal;
}

/** `index` is the item's place in the input; results come in the order in which they end. */
export type RegisterManyResult =
  | { readonly index: number; readonly ok: true; readonly registration: Registration }
  | { readonly index: number; readonly ok: false; readonly error: CountenanceError };

type Register = (item: RegisterManyItem, signal: AbortSignal) => Promise<Registration>;

/** The input is pulled only as results are taken, so that neither side runs ahead. */
export async function* registerEach(
  register: Register,
  items: Iterable<RegisterManyItem> | AsyncIterable<RegisterManyItem>,
  options: RegisterManyOptions,
): AsyncGenerator<RegisterManyResult> {
  plainOptions("options", options, ["concurrency", "onProgress", "signal"]);
  const concurrency = integerIn("concurrency", options.concurrency ?? 4, 1, 64);
  const signal = optionalSignal("signal", options.signal);
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // every registration under way listens to it
  const onAbort = () => controller.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });

  const source = iteratorOf(items);
  const underWay = new Map<number, Promise<RegisterManyResult>>();
  let [started, done, failed] = [0, 0, 0];
  let exhausted = false;
  try {
    for (;;) {
      while (!exhausted && underWay.size < concurrency) {
        const next = await source.next();
        if (next.done === true) {
          exhausted = true;
        } else {
          const index = started++;
          underWay.set(index, outcome(index, register, next.value, controller.signal));
        }
      }
      if (underWay.size === 0) return;
      const result = await Promise.race(underWay.values());
      underWay.delete(result.index);
      if (signal?.aborted && !result.ok && result.error.code === "COUNTENANCE_ABORTED") {
        throw result.error;
      }
      done++;
      if (!result.ok) failed++;
      options.onProgress?.({ done, failed });
      yield result;
    }
  } finally {
    controller.abort();
    await Promise.allSettled(underWay.values());
    signal?.removeEventListener("abort", onAbort);
    if (!exhausted) await source.return?.();
  }
}

async function outcome(
  index: number,
  register: Register,
  item: RegisterManyItem,
  signal: AbortSignal,
): Promise<RegisterManyResult> {
  try {
    if (typeof item !== "object" || item === null) {
      throw invalidArgument("item", "an object", item);
    }
    return { index, ok: true, registration: await register(item, signal) };
  } catch (error) {
    // Anything else is a defect: it ends the whole loop instead of being counted as a bad item.
    if (!(error instanceof CountenanceError)) throw error;
    return { index, ok: false, error };
  }
}

function iteratorOf(
  items: Iterable<RegisterManyItem> | AsyncIterable<RegisterManyItem>,
): Iterator<RegisterManyItem> | AsyncIterator<RegisterManyItem> {
  if (typeof items === "object" && items !== null) {
    if (Symbol.asyncIterator in items) return items[Symbol.asyncIterator]();
    if (Symbol.iterator in items) return items[Symbol.iterator]();
  }
  throw invalidArgument("items", "an iterable", items);
}
