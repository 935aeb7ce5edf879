import { CountenanceError } from "../errors.js";
import { Slots, throwIfAborted } from "./slots.js";

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
  /** Calls of this admission in their decode stage: each may hold a file that it has read. */
  readonly maxDecodes: number;
  /** Decoded pictures alive at once, and the bytes of their pixels. */
  readonly maxPictures: number;
  readonly maxPictureBytes: number;
}

export interface Permit {
  /**
   * Waits for a decode slot, first come, first served, and holds it while `stage` runs. `reserve`
   * waits for memory of that many bytes, which stays reserved until `run` ends or `decode` is called
   * again; meanwhile others may have the slot. Call it once in a stage.
   *
   * `decode` may be called again when the picture before is used no more: its memory is given back
   * first, so that nobody holds one picture while waiting for another.
   * @throws {CountenanceError} `COUNTENANCE_ABORTED` when the signal fires while it waits.
   */
  decode<T>(stage: (reserve: (bytes: number) => Promise<void>) => Promise<T>): Promise<T>;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #decodes: Slots;
  readonly #sharedDecodes: Slots;
  readonly #pictureBytes: Slots;
  #pending = 0;
  #pendingBytes = 0;

  /** @param sharedDecodes  Slots for the decodes at work, of several admissions together. */
  constructor(limits: AdmissionLimits, sharedDecodes = new Slots(limits.maxDecodes)) {
    this.#limits = limits;
    this.#decodes = new Slots(limits.maxDecodes);
    this.#sharedDecodes = sharedDecodes;
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
    let working = 0;
    const resume = async () => {
      working = await this.#sharedDecodes.take(1, signal);
    };
    const pause = () => {
      this.#sharedDecodes.giveBack(working);
      working = 0;
    };
    const reserve = async (pictureBytes: number) => {
      // A small picture weighs at least its share, so that their number is bounded as well.
      const share = Math.ceil(this.#limits.maxPictureBytes / this.#limits.maxPictures);
      const weight = Math.max(pictureBytes, share);
      const waits = !this.#pictureBytes.fits(weight);
      // Who waits for this engine's memory must not keep another engine from decoding.
      if (waits) pause();
      reserved = await this.#pictureBytes.take(weight, signal);
      if (waits) await resume();
    };
    const decode: Permit["decode"] = async (stage) => {
      this.#pictureBytes.giveBack(reserved);
      reserved = 0;
      const slot = await this.#decodes.take(1, signal);
      try {
        await resume();
        return await stage(reserve);
      } finally {
        pause();
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
