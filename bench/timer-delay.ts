/**
 * How late each tick of a fixed-rate timer was, had it been due every `periodMs` from `startMs` on.
 *
 * A blocked loop holds back every tick that falls due meanwhile, and one late callback stands for
 * all of them: counting callbacks instead of ticks would hide long stalls from the percentiles.
 * @param firedMs  When the callbacks ran, ascending.
 */
export function tickDelays(
  startMs: number,
  periodMs: number,
  firedMs: readonly number[],
): readonly number[] {
  const delays: number[] = [];
  let dueMs = startMs + periodMs;
  for (const at of firedMs) {
    for (; dueMs <= at; dueMs += periodMs) delays.push(at - dueMs);
  }
  return delays;
}

/** A timer on a fixed grid that watches the event loop of this thread while some work runs. */
export class TimerWatch {
  readonly #periodMs: number;
  readonly #startMs = performance.now();
  readonly #firedMs: number[] = [];
  #timer: NodeJS.Timeout;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
    this.#timer = this.#arm();
  }

  /** Ends the watch: how late each tick since the start was. */
  stop(): readonly number[] {
    clearTimeout(this.#timer);
    this.#firedMs.push(performance.now());
    return tickDelays(this.#startMs, this.#periodMs, this.#firedMs);
  }

  /** Not setInterval: Node counts its next period from the late callback, and the grid would drift. */
  #arm(): NodeJS.Timeout {
    const now = performance.now();
    const ticks = Math.floor((now - this.#startMs) / this.#periodMs) + 1;
    const dueMs = this.#startMs + ticks * this.#periodMs;
    return setTimeout(() => {
      this.#firedMs.push(performance.now());
      this.#timer = this.#arm();
    }, dueMs - now);
  }
}
