/**
 * The searches of one store that are under way. What is deleted meanwhile is kept for those that may
 * have found it already, so that none of them comes back with fewer hits than there are.
 */
export class RunningSearches {
  #begun = 0;
  /** In order of their beginnings. */
  readonly #running = new Set<number>();
  /** In order: what to forget once every search that had begun by then is done. */
  readonly #leaving = new Set<{ readonly begun: number; readonly forget: () => void }>();

  async run<T>(search: () => Promise<T>): Promise<T> {
    const number = this.#begun++;
    this.#running.add(number);
    try {
      return await search();
    } finally {
      this.#running.delete(number);
      this.#release();
    }
  }

  /** Forgets as soon as no search needs it: at once when none runs. */
  forget(forget: () => void): void {
    this.#leaving.add({ begun: this.#begun, forget });
    this.#release();
  }

  #release(): void {
    const [oldest = this.#begun] = this.#running;
    for (const leaving of this.#leaving) {
      if (leaving.begun > oldest) return;
      this.#leaving.delete(leaving);
      leaving.forget();
    }
  }
}
