/** The order of ids as UTF-8 bytes: UTF-16 sorts what lies above U+FFFF before U+E000. */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}

/** Distinct ids in order, for lists by pages. */
export class SortedIds {
  readonly #ids: string[] = [];

  get size(): number {
    return this.#ids.length;
  }

  has(id: string): boolean {
    return this.#ids[this.#place(id)] === id;
  }

  add(id: string): void {
    const place = this.#place(id);
    if (this.#ids[place] !== id) this.#ids.splice(place, 0, id);
  }

  delete(id: string): void {
    const place = this.#place(id);
    if (this.#ids[place] === id) this.#ids.splice(place, 1);
  }

  page(after: string | undefined, limit: number): string[] {
    let start = 0;
    if (after !== undefined) {
      start = this.#place(after);
      if (this.#ids[start] === after) start++;
    }
    return this.#ids.slice(start, start + limit);
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.#ids[Symbol.iterator]();
  }

  /** Where the id is, or belongs. */
  #place(id: string): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // `middle` lies inside the array; the compiler cannot know it.
      if (compareIds(this.#ids[middle] ?? "", id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
