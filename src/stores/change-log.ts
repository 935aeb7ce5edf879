import { KEPT_CHANGES } from "./checks.js";
import type { Change, ChangePage } from "./store.js";

/** The newest changes of a store in memory; old ones are dropped by whole transactions. */
export class ChangeLog {
  #changes: Change[] = [];
  /** Where the first change that is still kept lies. */
  #start = 0;
  /** The last transaction that was dropped. */
  #floor = 0;
  #sequence = 0;

  /** Transactions come in their order, those without changes too. */
  add(sequence: number, changes: readonly Change[]): void {
    for (const change of changes) this.#changes.push(change);
    this.#sequence = sequence;
    this.#drop();
  }

  since(sequence: number, limit: number): ChangePage | undefined {
    if (sequence < this.#floor || sequence > this.#sequence) return undefined;
    const from = this.#endOf(sequence);
    const whole = this.#changes[from + limit - 1];
    const next = this.#changes[from + limit];
    if (whole === undefined || next === undefined) {
      return { changes: this.#changes.slice(from), sequence: this.#sequence };
    }
    // A transaction that the limit cuts comes on the next page, unless it is this page's first.
    const before = whole.sequence === next.sequence ? whole.sequence - 1 : whole.sequence;
    const first = this.#changes[from] ?? whole;
    const last = Math.max(before, first.sequence);
    return { changes: this.#changes.slice(from, this.#endOf(last)), sequence: last };
  }

  #drop(): void {
    for (;;) {
      const oldest = this.#changes[this.#start];
      if (oldest === undefined) break;
      const end = this.#endOf(oldest.sequence);
      if (this.#changes.length - end < KEPT_CHANGES) break;
      this.#floor = oldest.sequence;
      this.#start = end;
    }
    if (this.#start > KEPT_CHANGES) {
      this.#changes = this.#changes.slice(this.#start);
      this.#start = 0;
    }
  }

  /** The first place after all kept changes of transactions up to `sequence`. */
  #endOf(sequence: number): number {
    let low = this.#start;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // `middle` lies inside the array; the compiler cannot know it.
      if ((this.#changes[middle]?.sequence ?? 0) <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
