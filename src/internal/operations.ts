import { setMaxListeners } from "node:events";

import { AbortedError, type CountenanceError } from "../errors.js";
import { optionalSignal, plainOptions } from "./validate.js";

/** The controllers that follow one caller's signal, behind its only listener of ours. */
interface Following {
  readonly controllers: Set<AbortController>;
  readonly onAbort: () => void;
}

/** Node warns of a leak from the eleventh listener on; callers may share a signal among thousands. */
const followings = new WeakMap<AbortSignal, Following>();

/**
 * A controller that aborts when `outer` does. Call `unfollow` when its work has ended: no listener
 * stays behind.
 */
export function follow(outer: AbortSignal | undefined): {
  readonly controller: AbortController;
  readonly unfollow: () => void;
} {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // one call may wait for many things at once
  if (outer === undefined) return { controller, unfollow: () => undefined };
  if (outer.aborted) controller.abort(outer.reason);
  const following = followings.get(outer) ?? startFollowing(outer);
  following.controllers.add(controller);
  const unfollow = () => {
    following.controllers.delete(controller);
    if (following.controllers.size > 0) return;
    outer.removeEventListener("abort", following.onAbort);
    followings.delete(outer);
  };
  return { controller, unfollow };
}

function startFollowing(outer: AbortSignal): Following {
  const controllers = new Set<AbortController>();
  const onAbort = () => {
    for (const controller of controllers) controller.abort(outer.reason);
  };
  const following = { controllers, onAbort };
  outer.addEventListener("abort", onAbort, { once: true });
  followings.set(outer, following);
  return following;
}

/** Runs `work` with a signal that fires with `outer`, and at the latest when `work` has ended. */
export async function inScope<T>(
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { controller, unfollow } = follow(outer);
  try {
    return await work(controller.signal);
  } finally {
    controller.abort();
    unfollow();
  }
}

/**
 * The calls under way of one owner. Closing aborts them, waits for their end, and refuses new ones,
 * so that nothing touches a native object after it is gone.
 */
export class Operations {
  readonly #underWay = new Map<AbortController, Promise<unknown>>();
  readonly #closedError: () => CountenanceError;
  #closed = false;

  constructor(closedError: () => CountenanceError) {
    this.#closedError = closedError;
  }

  /**
   * Runs `work` with a signal that fires for the caller's signal and when the owner closes. What
   * `work` does before its first await is done when this returns its promise.
   */
  async run<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.throwIfClosed();
    if (signal?.aborted) throw new AbortedError(signal.reason);
    const { controller, unfollow } = follow(signal);
    const done = work(controller.signal);
    this.#underWay.set(controller, done);
    try {
      return await done;
    } catch (error) {
      const closedUnderIt = this.#closed && !signal?.aborted && error instanceof AbortedError;
      throw closedUnderIt ? this.#closedError() : error;
    } finally {
      this.#underWay.delete(controller);
      unfollow();
    }
  }

  /** `run` for calls whose options are a signal and nothing else. */
  async call<T>(options: unknown, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = plainOptions("options", options, ["signal"]);
    return this.run(optionalSignal("signal", signal), work);
  }

  throwIfClosed(): void {
    if (this.#closed) throw this.#closedError();
  }

  /** Idempotent: every caller waits for the same end. */
  async close(): Promise<void> {
    this.#closed = true;
    const ends = [...this.#underWay.values()];
    for (const controller of this.#underWay.keys()) controller.abort(this.#closedError());
    await Promise.allSettled(ends);
  }
}
