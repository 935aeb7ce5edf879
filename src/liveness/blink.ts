import { judge, type BlinkMissReason } from "./blink-rules.js";
import { dipAt, HISTORY_MS, LOOKAHEAD_MS } from "./blink-shape.js";
import { eyeSample, type EyeSample } from "./blink-signal.js";
import type { TrackedFrame } from "./tracked-frame.js";

/** Both eyes closed and opened again. Times are those of the frames, in milliseconds. */
export interface Blink {
  /** Where the eyes begin to close: a quarter of the way down, between two frames. */
  readonly startMs: number;
  /** The frame in which they are closed the furthest. */
  readonly peakMs: number;
  /** Where they are open again but for a quarter of the way. */
  readonly endMs: number;
}

/** A dip of the eyes' openness that is no blink, and the first reason why. */
export interface NearMiss {
  readonly peakMs: number;
  readonly reason: BlinkMissReason;
}

export interface BlinkReport {
  readonly blinks: readonly Blink[];
  readonly nearMisses: readonly NearMiss[];
}

/** A live session may last for hours; of older events only the newest are kept. */
const MAX_KEPT = 1000;

/**
 * Finds blinks in the openness of two eyes, frame by frame; pure: numbers in, events out.
 *
 * Whether a frame is the bottom of a blink is decided by the 2 s before it and the 1 s after it, so
 * that a blink is told 1 s after its lowest frame, or by `end()`. Memory is bounded: about 3 s of
 * frames, and the newest 1,000 blinks and near misses.
 */
export class BlinkDetector {
  #samples: EyeSample[] = [];
  /** The first of them that is not judged yet. */
  #next = 0;
  #lastPeakMs = -Infinity;
  readonly #blinks: Blink[] = [];
  readonly #nearMisses: NearMiss[] = [];

  /**
   * @param frame  Later than all before it; one that is not is left out. A frame whose numbers cannot
   * have been measured counts as one without a face.
   * @returns The blinks that became certain by this frame, oldest first: mostly none.
   * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT` for what is not a frame with a finite time.
   */
  push(frame: TrackedFrame): readonly Blink[] {
    const sample = eyeSample(frame, this.#samples.at(-1));
    if (sample === undefined) return [];
    this.#samples.push(sample);
    const found = this.#judgeUntil(sample.timeMs - LOOKAHEAD_MS);
    this.#forget();
    return found;
  }

  /** Judges what is left with what there is, and tells all events. More frames may follow. */
  end(): BlinkReport {
    this.#judgeUntil(Infinity);
    return { blinks: [...this.#blinks], nearMisses: [...this.#nearMisses] };
  }

  #judgeUntil(timeMs: number): readonly Blink[] {
    const found: Blink[] = [];
    for (; this.#next < this.#samples.length; this.#next++) {
      const sample = this.#samples[this.#next];
      if (sample === undefined || sample.timeMs > timeMs) break;
      const dip = dipAt(this.#samples, this.#next);
      if (dip === undefined || dip.halfStartMs < this.#lastPeakMs) continue;
      const { startMs, peakMs, endMs } = dip;
      const judgement = judge(dip);
      if (judgement.kind === "nothing") continue;
      if (judgement.kind === "blink") found.push({ startMs, peakMs, endMs });
      else if (dip.closingSinceMs <= this.#lastPeakMs) continue;
      else keep(this.#nearMisses, { peakMs, reason: judgement.reason });
      this.#lastPeakMs = peakMs;
    }
    for (const blink of found) keep(this.#blinks, blink);
    return found;
  }

  /** Drops what lies further back than any later judgement looks. */
  #forget(): void {
    const oldest = (this.#samples[this.#next]?.timeMs ?? Infinity) - HISTORY_MS;
    const kept = this.#samples.findIndex(({ timeMs }) => timeMs >= oldest);
    if (kept <= 0) return;
    this.#samples = this.#samples.slice(kept);
    this.#next -= kept;
  }
}

function keep<T>(events: T[], event: T): void {
  events.push(event);
  if (events.length > MAX_KEPT) events.shift();
}

/**
 * The blinks of a whole clip: what a `BlinkDetector` tells when it has seen all frames.
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT` as `push`.
 */
export function findBlinks(frames: Iterable<TrackedFrame>): BlinkReport {
  const detector = new BlinkDetector();
  for (const frame of frames) detector.push(frame);
  return detector.end();
}
