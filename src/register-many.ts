import { AbortedError, CountenanceError } from "./errors.js";
import type { VideoProbe } from "./intake.js";
import { follow } from "./internal/operations.js";
import { integerIn, invalidArgument, optionalSignal, plainOptions } from "./internal/validate.js";
import type { Probe } from "./probe.js";
import type { RegisterOptions, Registration } from "./registration.js";

/** One person to register: `register`'s arguments by name. */
export interface RegisterManyItem extends Omit<RegisterOptions, "signal"> {
  /** Undefined makes a UUID. */
  readonly subjectId?: string | undefined;
  readonly images: Probe | readonly Probe[] | VideoProbe;
}

export interface RegisterManyOptions {
  /** How many registrations run at once, 1..64. Default 4: decoding and two workers stay busy. */
  readonly concurrency?: number | undefined;
  /** Called after each item that ended, before its result is given out. */
  readonly onProgress?:
    ((progress: { readonly done: number; readonly failed: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `index` is the item's place in the input; results come in the order in which they end. */
export type RegisterManyResult =
  | { readonly index: number; readonly ok: true; readonly registration: Registration }
  | { readonly index: number; readonly ok: false; readonly error: CountenanceError };

type Items = Iterable<RegisterManyItem> | AsyncIterable<RegisterManyItem>;
type Register = (item: RegisterManyItem, signal: AbortSignal) => Promise<Registration>;

/** What the loop waits for. */
type Event =
  | { readonly kind: "item"; readonly next: IteratorResult<RegisterManyItem> }
  | { readonly kind: "result"; readonly result: RegisterManyResult }
  | { readonly kind: "failure"; readonly error: unknown };

/**
 * Runs registrations, `concurrency` at once, and gives each result as it comes. The input is pulled
 * only as results are taken, so that neither side runs ahead; a slow input holds back no result.
 */
export async function* registerEach(
  register: Register,
  items: Items,
  options: RegisterManyOptions,
): AsyncGenerator<RegisterManyResult> {
  const given = plainOptions("options", options, ["concurrency", "onProgress", "signal"]);
  const concurrency =
    given.concurrency === undefined ? 4 : integerIn("concurrency", given.concurrency, 1, 64);
  const onProgress = optionalFunction("onProgress", given.onProgress);
  const signal = optionalSignal("signal", given.signal);
  const source = iteratorOf(items);

  const events = new EventQueue();
  const { controller, unfollow } = follow(signal);
  const onAbort = () => events.push({ kind: "failure", error: new AbortedError(signal?.reason) });
  if (controller.signal.aborted) onAbort();
  controller.signal.addEventListener("abort", onAbort, { once: true });

  const underWay = new Set<Promise<void>>();
  let [started, done, failed] = [0, 0, 0];
  let [pulling, exhausted] = [false, false];
  const pull = async () => {
    try {
      events.push({ kind: "item", next: await source.next() });
    } catch (error) {
      exhausted = true; // an input that threw has ended
      events.push({ kind: "failure", error });
    }
  };
  const run = async (index: number, item: RegisterManyItem) => {
    try {
      events.push({
        kind: "result",
        result: await outcome(index, register, item, controller.signal),
      });
    } catch (error) {
      events.push({ kind: "failure", error });
    }
  };
  try {
    while (!exhausted || started > done) {
      if (!exhausted && !pulling && started - done < concurrency) {
        pulling = true;
        void pull();
      }
      const event = await events.next();
      if (event.kind === "failure") throw event.error;
      if (event.kind === "item") {
        pulling = false;
        if (!isResult(event.next)) throw invalidArgument("items", "results of next()", event.next);
        if (event.next.done === true) {
          exhausted = true;
        } else {
          const running = run(started++, event.next.value);
          underWay.add(running);
          void running.then(() => underWay.delete(running));
        }
        continue;
      }
      done++;
      if (!event.result.ok) failed++;
      onProgress?.({ done, failed });
      yield event.result;
    }
  } finally {
    controller.signal.removeEventListener("abort", onAbort);
    unfollow();
    controller.abort();
    await Promise.all(underWay);
    if (!exhausted) {
      const closing = Promise.resolve(source.return?.());
      // It may stand behind a pull that never ends: then nobody waits for it.
      if (pulling) closing.catch(() => undefined);
      else await closing;
    }
  }
}

/** Hands events to the one loop that waits for them, in the order in which they happen. */
class EventQueue {
  readonly #events: Event[] = [];
  #wake: () => void = () => undefined;

  push(event: Event): void {
    this.#events.push(event);
    this.#wake();
  }

  async next(): Promise<Event> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

async function outcome(
  index: number,
  register: Register,
  item: RegisterManyItem,
  signal: AbortSignal,
): Promise<RegisterManyResult> {
  try {
    if (typeof item !== "object" || item === null) throw invalidArgument("item", "an object", item);
    return { index, ok: true, registration: await register(item, signal) };
  } catch (error) {
    // Anything else is a defect: it ends the whole loop instead of being counted as a bad item.
    if (!(error instanceof CountenanceError)) throw error;
    return { index, ok: false, error };
  }
}

function iteratorOf(items: Items): Iterator<RegisterManyItem> | AsyncIterator<RegisterManyItem> {
  if (typeof items === "object" && items !== null) {
    const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } =
      items as Partial<AsyncIterable<RegisterManyItem> & Iterable<RegisterManyItem>>; // checked next
    if (typeof asynchronous === "function") return asynchronous.call(items);
    if (typeof synchronous === "function") return synchronous.call(items);
  }
  throw invalidArgument("items", "an iterable", items);
}

function isResult(next: unknown): next is IteratorResult<RegisterManyItem> {
  return typeof next === "object" && next !== null;
}

function optionalFunction(
  name: string,
  value: unknown,
): RegisterManyOptions["onProgress"] | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "function") throw invalidArgument(name, "a function", value);
  // What it takes cannot be checked.
  return value as NonNullable<RegisterManyOptions["onProgress"]>;
}
