import { refuse, shown } from "./refuse.js";

/** A JSON value with its place: what is not as expected is refused by the name of its place. */
export class JsonReader {
  readonly #value: unknown;
  readonly #place: string;

  constructor(value: unknown, place: string) {
    this.#value = value;
    this.#place = place;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object(), name);
  }

  at(name: string): JsonReader {
    return new JsonReader(this.#object()[name], `${this.#place}.${name}`);
  }

  keys(): string[] {
    return Object.keys(this.#object());
  }

  list(): JsonReader[] {
    if (!Array.isArray(this.#value)) return this.#refuse("a list");
    return this.#value.map((item, i) => new JsonReader(item, `${this.#place}[${String(i)}]`));
  }

  text(): string {
    return typeof this.#value === "string" ? this.#value : this.#refuse("a text");
  }

  /** Protocol buffers write 64-bit integers as text: both forms are read. */
  integer(): number {
    const number = typeof this.#value === "string" ? Number(this.#value) : this.#value;
    return typeof number === "number" && Number.isSafeInteger(number)
      ? number
      : this.#refuse("an integer");
  }

  #object(): Record<string, unknown> {
    if (typeof this.#value !== "object" || this.#value === null) return this.#refuse("an object");
    return this.#value as Record<string, unknown>; // checked just above
  }

  #refuse(expected: string): never {
    return refuse(`${shown(this.#place)}: expected ${expected}`);
  }
}
