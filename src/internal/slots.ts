import { AbortedError } from "../errors.js";

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortedError(signal.reason);
}

interface Waiter {
  readonly weight: number;
  readonly admit: () => void;
}

/** A counting semaphore with weights: first come, first served, and a wait can be aborted. */
export class Slots {
  readonly #capacity: number;
  /** In order of arrival: a Set keeps it and removes from the middle in constant time. */
  readonly #waiting = new Set<Waiter>();
  #taken = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Whether `take` would not wait. */
  fits(weight: number): boolean {
    return this.#waiting.size === 0 && this.#taken + this.#cut(weight) <= this.#capacity;
  }

  /** @returns What was taken: a weight above the capacity is cut to it, or it would wait forever. */
  async take(weight: number, signal: AbortSignal | undefined): Promise<number> {
    throwIfAborted(signal);
    const cut = this.#cut(weight);
    if (this.fits(cut)) this.#taken += cut;
    else await this.#wait(cut, signal);
    return cut;
  }

  giveBack(weight: number): void {
    this.#taken -= weight;
    this.#admitWaiting();
  }

  #cut(weight: number): number {
    return Math.min(weight, this.#capacity);
  }

  #wait(weight: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        weight,
        admit: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.#waiting.delete(waiter);
        reject(new AbortedError(signal?.reason));
        // The first in line may have been too heavy for those behind it.
        this.#admitWaiting();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  #admitWaiting(): void {
    for (const waiter of this.#waiting) {
      if (this.#taken + waiter.weight > this.#capacity) return;
      this.#waiting.delete(waiter);
      this.#taken += waiter.weight;
      waiter.admit();
    }
  }
}
