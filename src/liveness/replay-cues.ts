import type { ReplayCue } from "./reasons.js";

// Sources of the constants: docs/decisions.md, "Liveness: replay cues". Differences are means over the
// cells of two thumbnails, in grey values.

/** Frames this alike are one picture. */
const SAME_PICTURE = 0.02;
/** A phone repeats a frame, a codec skips some in a calm scene; neither for this long. */
const FROZEN_MS = 1500;

/** A stretch comes again when this much of it does. */
const LOOP_MS = 600;
/** Two stretches are the same when each pair of frames differs less than this part of a step. */
const LOOP_DIFFERENCE = 0.7;
/** Below this mean step there is not enough motion to know one stretch from another. */
const LOOP_STEP = 0.15;
/** People come back to a pose, though not within this. */
const LOOP_LAG_MS = 500;
/** Of a longer clip only the first frames are compared with each other: the event loop waits. */
const LOOP_FRAMES = 300;

/** Cells that are added up to one, each way, to see at a glance that two thumbnails differ. */
const BLOCK = 8;
const SIDE = 32;

interface Seen {
  readonly timestampMs: number;
  readonly thumbnail: Float32Array;
  readonly glance: Float32Array;
  /** From the frame before. */
  readonly step: number;
}

/**
 * Watches the pictures of a clip for what a camera in front of a person does not give. Each picture
 * is compared with those before it when it comes, so that the event loop never waits for a whole clip.
 */
export class ReplayWatch {
  readonly #frames: Seen[] = [];
  /** By lag in frames: since when each frame equals the one so many before it. */
  readonly #repeatsSinceMs: (number | undefined)[] = [];
  #last: Float32Array | undefined;
  #sinceMs = 0;
  #isFrozen = false;
  #isLooped = false;

  /** @param thumbnail  Shape [1024], 32 x 32 cells of 0..255; not changed afterwards. */
  push(timestampMs: number, thumbnail: Float32Array): void {
    const step = this.#last === undefined ? Infinity : difference(thumbnail, this.#last);
    if (step >= SAME_PICTURE) this.#sinceMs = timestampMs;
    this.#isFrozen ||= timestampMs - this.#sinceMs >= FROZEN_MS;
    this.#last = thumbnail;
    if (this.#isLooped || this.#frames.length === LOOP_FRAMES) return;
    this.#frames.push({ timestampMs, thumbnail, glance: glanceOf(thumbnail), step });
    this.#findLoop();
  }

  /** In the order of `REPLAY_CUES`. */
  cues(): readonly ReplayCue[] {
    return [
      ...(this.#isFrozen ? (["FROZEN_FRAMES"] as const) : []),
      ...(this.#isLooped ? (["LOOPED_FRAMES"] as const) : []),
    ];
  }

  /** Goes on with the stretches that equal earlier ones, by the last frame. */
  #findLoop(): void {
    const last = this.#frames.length - 1;
    const now = this.#frames[last];
    const limit = limitAt(this.#frames, last);
    for (let lag = 1; now !== undefined && lag <= last; lag++) {
      const earlier = this.#frames[last - lag];
      if (earlier === undefined || !isRepeated(now, earlier, limit)) {
        this.#repeatsSinceMs[lag] = undefined;
        continue;
      }
      const sinceMs = (this.#repeatsSinceMs[lag] ??= now.timestampMs);
      this.#isLooped ||= now.timestampMs - sinceMs >= LOOP_MS;
    }
  }
}

/** How alike a frame and its repetition are: a part of the mean step up to it; 0 without motion. */
function limitAt(frames: readonly Seen[], at: number): number {
  const untilMs = frames[at]?.timestampMs ?? 0;
  let [sum, count] = [0, 0];
  for (let i = at; i > 0; i--) {
    const { timestampMs = 0, step = 0 } = frames[i] ?? {};
    if (untilMs - timestampMs >= LOOP_MS) break;
    sum += step;
    count++;
  }
  return count > 0 && sum >= LOOP_STEP * count ? (LOOP_DIFFERENCE * sum) / count : 0;
}

function isRepeated(now: Seen, earlier: Seen, limit: number): boolean {
  return (
    limit > 0 &&
    now.timestampMs - earlier.timestampMs >= LOOP_LAG_MS &&
    // The means of blocks never differ by more than the cells do.
    difference(now.glance, earlier.glance) <= limit &&
    difference(now.thumbnail, earlier.thumbnail) <= limit
  );
}

function glanceOf(thumbnail: Float32Array): Float32Array {
  const glance = new Float32Array((SIDE / BLOCK) ** 2);
  for (const [i, value] of thumbnail.entries()) {
    const row = Math.floor(i / SIDE / BLOCK);
    const block = row * (SIDE / BLOCK) + Math.floor((i % SIDE) / BLOCK);
    glance[block] = (glance[block] ?? 0) + value / BLOCK ** 2;
  }
  return glance;
}

function difference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}
