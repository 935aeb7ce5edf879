import { AbortedError, type CountenanceError } from "../errors.js";

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

  /** Runs `work` with a signal that fires for the caller's signal and when the owner closes. */
  async run<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw this.#closedError();
    if (signal?.aborted) throw new AbortedError(signal.reason);
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const done = work(controller.signal);
    this.#underWay.set(controller, done);
    try {
      return await done;
    } catch (error) {
      const closedUnderIt = this.#closed && !signal?.aborted && error instanceof AbortedError;
      throw closedUnderIt ? this.#closedError() : error;
    } finally {
      this.#underWay.delete(controller);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Idempotent: every caller waits for the same end. */
  async close(): Promise<void> {
    this.#closed = true;
    const ends = [...this.#underWay.values()];
    for (const controller of this.#underWay.keys()) controller.abort(this.#closedError());
    await Promise.allSettled(ends);
  }
}
