import { CountenanceError } from "../errors.js";
import type { StoredModel } from "./store.js";

/**
 * The order in which a store may be used: prepare once, then anything, then close. Closing waits for
 * what is under way.
 */
export class Lifecycle {
  readonly #underWay = new Set<Promise<unknown>>();
  #model: StoredModel | undefined;
  #searchable = false;
  #closing: Promise<void> | undefined;

  /** What the store is pinned to. Throws before `prepared`. */
  get model(): StoredModel {
    if (this.#model === undefined) throw notPrepared();
    return this.#model;
  }

  requirePrepared(): void {
    if (this.#model === undefined) throw notPrepared();
  }

  get isPrepared(): boolean {
    return this.#model !== undefined;
  }

  prepared(model: StoredModel, searchable: boolean): void {
    this.#model = model;
    this.#searchable = searchable;
  }

  requireSearchable(): void {
    const { modelId } = this.model;
    if (!this.#searchable) {
      throw new CountenanceError(
        "COUNTENANCE_MODEL_MISMATCH",
        `the store holds vectors of ${modelId}, of another model or pipeline than this engine's`,
      );
    }
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      throw new CountenanceError("COUNTENANCE_STORE_CLOSED", "the store is closed");
    }
    const done = work();
    this.#underWay.add(done);
    try {
      return await done;
    } finally {
      this.#underWay.delete(done);
    }
  }

  /** Runs `release` once, after the last piece of work. */
  close(release: () => Promise<void>): Promise<void> {
    this.#closing ??= Promise.allSettled([...this.#underWay]).then(release);
    return this.#closing;
  }
}

function notPrepared(): CountenanceError {
  return new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", "call prepare() first");
}
