import { findBlinks, type Blink } from "../../src/liveness/blink.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";

/** Of a clip's time, both ends included, in milliseconds. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A clip with what somebody saw in it. */
export interface LabelledClip {
  readonly name: string;
  readonly frames: readonly TrackedFrame[];
  readonly blinks: readonly Span[];
  /** Half blinks, long closures and the like: what is found there counts neither way. */
  readonly ignored: readonly Span[];
}

export interface EventScore {
  readonly labelled: number;
  readonly found: number;
  readonly missed: readonly Span[];
  readonly wrong: readonly Blink[];
}

/** Three frames at 30 per second: a label's borders are no better known. */
const SLACK_MS = 100;

/**
 * Compares events with labels: an event and a label are one blink when they overlap or are no more
 * than 100 ms apart. Each label counts for one event and each event for one label, in order of time.
 * An event that is left over is wrong, unless it lies that close to an ignored span.
 */
export function scoreEvents(
  { blinks: labels, ignored }: LabelledClip,
  events: readonly Blink[],
): EventScore {
  const left = [...events];
  const missed = labels.filter((label) => {
    const i = left.findIndex((event) => isNear(event, label));
    if (i >= 0) left.splice(i, 1);
    return i < 0;
  });
  const wrong = left.filter((event) => !ignored.some((span) => isNear(event, span)));
  return { labelled: labels.length, found: labels.length - missed.length, missed, wrong };
}

function isNear(event: Blink, span: Span): boolean {
  return event.startMs - SLACK_MS <= span.toMs && event.endMs + SLACK_MS >= span.fromMs;
}

export interface WindowScore {
  /** Windows with a whole labelled blink inside, and how many of them were told to have one. */
  positives: number;
  found: number;
  /** Windows that no label touches, and how many were told to have a blink. */
  negatives: number;
  wrong: number;
  /** Windows that cut a labelled blink and hold no whole one: neither, and how many were told to have one. */
  cut: number;
  cutFound: number;
}

export const NO_WINDOWS: WindowScore = {
  positives: 0,
  found: 0,
  negatives: 0,
  wrong: 0,
  cut: 0,
  cutFound: 0,
};

/**
 * Asks for each window of a clip, as if it were all that was recorded, whether somebody blinks.
 * Windows that touch an ignored span are left out. A clip that is shorter than a window is none.
 */
export function scoreWindows(
  { frames, blinks, ignored }: LabelledClip,
  lengthMs: number,
  strideMs: number,
): WindowScore {
  const score = { ...NO_WINDOWS };
  const step = ((frames.at(-1)?.timestampMs ?? 0) / Math.max(1, frames.length - 1)) | 0;
  const endMs = (frames.at(-1)?.timestampMs ?? -Infinity) + step;
  for (let fromMs = 0; fromMs + lengthMs <= endMs; fromMs += strideMs) {
    const inside = frames.filter(
      ({ timestampMs: t }) => t >= fromMs - 1e-6 && t < fromMs + lengthMs - 1e-6,
    );
    const [first, last] = [inside[0]?.timestampMs ?? NaN, inside.at(-1)?.timestampMs ?? NaN];
    const touches = (span: Span) => span.toMs >= first && span.fromMs <= last;
    if (ignored.some(touches)) continue;
    const told = findBlinks(inside).blinks.length > 0 ? 1 : 0;
    if (blinks.some(({ fromMs: from, toMs }) => from >= first && toMs <= last)) {
      score.positives++;
      score.found += told;
    } else if (blinks.some(touches)) {
      score.cut++;
      score.cutFound += told;
    } else {
      score.negatives++;
      score.wrong += told;
    }
  }
  return score;
}
