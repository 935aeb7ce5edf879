import type { Store } from "../stores/store.js";
import { MODEL } from "./records.js";

/** Where one rule is tried: a new, empty database (or none, for a store in memory). */
export interface StorePlace {
  /** Opens the store of this place, not prepared yet. Durable stores find there what was written. */
  open(): Store | Promise<Store>;
  /**
   * The process ends without `close`: from now on `open` finds what is then left. Stores that were
   * opened before are still closed in the end. Without it, no crash is tried.
   */
  crash?(): void | Promise<void>;
  /** Called last, after every store was closed. */
  remove?(): void | Promise<void>;
}

/** What a rule needs of the store, by its `supports`; of the place; of the caller's patience. */
export type Need = "exact" | "durable" | "filter" | "changes" | "crash" | "rows";

/** What a rule does with the stores of its trial. It throws when the store breaks the rule. */
export type RuleBody = (trial: Trial) => Promise<void>;

/** States one rule; where one of `needs` is lacking it is skipped, with the reason. */
export type Rule = (name: string, body: RuleBody, ...needs: readonly Need[]) => void;

/** One rule at work in a place of its own. */
export class Trial {
  readonly #place: StorePlace;
  readonly #opened: Store[] = [];

  constructor(place: StorePlace) {
    this.#place = place;
  }

  get canCrash(): boolean {
    return this.#place.crash !== undefined;
  }

  async open(): Promise<Store> {
    const store = await this.#place.open();
    this.#opened.push(store);
    return store;
  }

  /** A store that is prepared: empty the first time. */
  async ready(model = MODEL): Promise<Store> {
    const store = await this.open();
    await store.prepare(model);
    return store;
  }

  async crash(): Promise<void> {
    await this.#place.crash?.();
  }

  /** Closes what the rule left open, also after it has failed. */
  async end(): Promise<void> {
    const closed = await Promise.allSettled(this.#opened.map((store) => store.close()));
    await this.#place.remove?.();
    for (const result of closed) if (result.status === "rejected") throw result.reason;
  }
}
