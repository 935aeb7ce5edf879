import { AbortedError, CountenanceError } from "../errors.js";

/**
 * Admission of pictures: who may begin, who waits, and how much memory all of them may hold.
 *
 *     await admission.run(encodedBytes, signal, async (permit) => {
 *       const bytes = copy(input);                       // before the first await
 *       const picture = await permit.decode(async (reserve) => {
 *         const header = await readHeader(bytes);        // at most maxDecodes of these at once
 *         await reserve(header.width * header.height * 3);
 *         return decodePixels(bytes);
 *       });
 *       return use(picture);                             // its memory counts until run() ends
 *     });
 *
 * `run` counts the call and its bytes at once, before `work` copies them, and rejects with
 * COUNTENANCE_BUSY when they do not fit. Everything is given back when `work` ends, on every path.
 * Do not call `run` inside `work`: it would hold one picture while it waits for another.
 */
export interface AdmissionLimits {
  /** Calls that may be under way or waiting. */
  readonly queueLimit: number;
  /** Encoded bytes that those calls may hold. A single call is always admitted when none waits. */
  readonly maxPendingBytes: number;
  /** Decodes in flight. */
  readonly maxDecodes: number;
  /** Decoded pictures alive at once, and the bytes of their pixels. */
  readonly maxPictures: number;
  readonly maxPictureBytes: number;
}

export interface Permit {
  /**
   * Waits for a decode slot, first come, first served, and holds it while `stage` runs. `reserve`
   * waits for memory of that many bytes, which stays reserved until `run` ends. Call each once.
   * @throws {CountenanceError} `COUNTENANCE_ABORTED` when the signal fires while it waits.
   */
  decode<T>(stage: (reserve: (bytes: number) => Promise<void>) => Promise<T>): Promise<T>;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #decodes: Slots;
  readonly #pictureBytes: Slots;
  #pending = 0;
  #pendingBytes = 0;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
    this.#decodes = new Slots(limits.maxDecodes);
    this.#pictureBytes = new Slots(limits.maxPictureBytes);
  }

  /** What is under way now; all zero when idle. */
  get load(): {
    readonly pending: number;
    readonly pendingBytes: number;
    readonly pictureBytes: number;
  } {
    return {
      pending: this.#pending,
      pendingBytes: this.#pendingBytes,
      pictureBytes: this.#pictureBytes.taken,
    };
  }

  async run<T>(
    bytes: number,
    signal: AbortSignal | undefined,
    work: (permit: Permit) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal);
    this.#admit(bytes);
    let reserved = 0;
    const reserve = async (pictureBytes: number) => {
      // A small picture weighs at least its share, so that their number is bounded as well.
      const share = Math.ceil(this.#limits.maxPictureBytes / this.#limits.maxPictures);
      reserved = await this.#pictureBytes.take(Math.max(pictureBytes, share), signal);
    };
    const decode: Permit["decode"] = async (stage) => {
      const slot = await this.#decodes.take(1, signal);
      try {
        return await stage(reserve);
      } finally {
        this.#decodes.giveBack(slot);
      }
    };
    try {
      return await work({ decode });
    } finally {
      this.#pictureBytes.giveBack(reserved);
      this.#pending -= 1;
      this.#pendingBytes -= bytes;
    }
  }

  #admit(bytes: number): void {
    const { queueLimit, maxPendingBytes } = this.#limits;
    if (this.#pending >= queueLimit) {
      throw new CountenanceError(
        "COUNTENANCE_BUSY",
        `expected at most ${String(queueLimit)} pictures under way, got one more: retry later`,
      );
    }
    if (this.#pending > 0 && this.#pendingBytes + bytes > maxPendingBytes) {
      throw new CountenanceError(
        "COUNTENANCE_BUSY",
        `expected at most ${String(maxPendingBytes)} bytes of pictures under way, got more: retry later`,
      );
    }
    this.#pending += 1;
    this.#pendingBytes += bytes;
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortedError(signal.reason);
}

interface Waiter {
  readonly weight: number;
  readonly admit: () => void;
}

/** A counting semaphore with weights: first come, first served, and a wait can be aborted. */
class Slots {
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

  /** @returns What was taken: a weight above the capacity is cut to it, or it would wait forever. */
  async take(weight: number, signal: AbortSignal | undefined): Promise<number> {
    throwIfAborted(signal);
    const cut = Math.min(weight, this.#capacity);
    if (this.#waiting.size === 0 && this.#taken + cut <= this.#capacity) {
      this.#taken += cut;
    } else {
      await this.#wait(cut, signal);
    }
    return cut;
  }

  giveBack(weight: number): void {
    this.#taken -= weight;
    this.#admitWaiting();
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
