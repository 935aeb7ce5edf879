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

/** Longer parts are halved: moving some kilobytes is quick, moving a million ids is not. */
const MAX_PART = 512;

/** Distinct ids in order, for lists by pages. Kept in parts, so that an id comes and goes quickly. */
export class SortedIds {
  /** In order, none of them empty. */
  readonly #parts: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    const part = this.#partOf(id);
    return part !== undefined && part[placeIn(part, id)] === id;
  }

  add(id: string): void {
    const at = this.#indexOf(id);
    const part = this.#parts[at] ?? [];
    if (this.#parts.length === 0) this.#parts.push(part);
    const place = placeIn(part, id);
    if (part[place] === id) return;
    part.splice(place, 0, id);
    this.#size++;
    if (part.length > MAX_PART) this.#parts.splice(at + 1, 0, part.splice(MAX_PART / 2));
  }

  delete(id: string): void {
    const at = this.#indexOf(id);
    const part = this.#parts[at] ?? [];
    const place = placeIn(part, id);
    if (part[place] !== id) return;
    part.splice(place, 1);
    this.#size--;
    if (part.length === 0) this.#parts.splice(at, 1);
  }

  page(after: string | undefined, limit: number): string[] {
    const found: string[] = [];
    let at = 0;
    let start = 0;
    if (after !== undefined) {
      at = this.#indexOf(after);
      const part = this.#parts[at] ?? [];
      start = placeIn(part, after);
      if (part[start] === after) start++;
    }
    for (; at < this.#parts.length && found.length < limit; at++, start = 0) {
      found.push(...(this.#parts[at] ?? []).slice(start, start + limit - found.length));
    }
    return found;
  }

  *[Symbol.iterator](): IterableIterator<string> {
    for (const part of this.#parts) yield* part;
  }

  #partOf(id: string): string[] | undefined {
    return this.#parts[this.#indexOf(id)];
  }

  /** The last part that begins at or before the id; the first one for an id before all. */
  #indexOf(id: string): number {
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.#parts[middle]?.[0] ?? "", id) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** Where the id is in a part, or belongs. */
function placeIn(part: readonly string[], id: string): number {
  let low = 0;
  let high = part.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    // `middle` lies inside the array; the compiler cannot know it.
    if (compareIds(part[middle] ?? "", id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
