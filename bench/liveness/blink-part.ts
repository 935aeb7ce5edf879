import type { Engine } from "../../src/engine.js";
import { findBlinks, type Blink } from "../../src/liveness/blink.js";
import type { Check } from "../case.js";
import { NO_WINDOWS, scoreEvents, scoreWindows, type LabelledClip } from "./blink-score.js";
import { labelledClips, labelledPaths, slower } from "./labelled-clips.js";
import type { LivenessPart } from "./part.js";
import { rate } from "./rate.js";

const WINDOW_MS = 3000;
const STRIDE_MS = 500;

/** Every n-th frame, and the limit of blinks that may be missed then (of 24), where there is one. */
const RATES = [
  { name: "native rate", nth: 1, from: 0, mostMissed: 1 },
  { name: "every 2nd frame", nth: 2, from: 0, mostMissed: 3 },
  { name: "every 2nd frame, from the 2nd", nth: 2, from: 1 },
] as const;

/** Blinks of labelled clips: events, and windows of 3 s. */
export async function blinkPart(
  engine: Engine,
  progress: (text: string) => void,
): Promise<LivenessPart> {
  if (labelledPaths() === undefined) return { facts: { blinks: "no ../shared/data/blink" } };
  progress("labelled clips");
  const clips = await labelledClips(engine);
  const facts: Record<string, string | number> = {};
  const checks: Check[] = [];
  for (const { name, nth, from, ...limit } of RATES) {
    const seen = clips.map((clip) => slower(clip, nth, from));
    const events = countEvents(seen);
    facts[`${name}: recall`] = rate(events.found, events.labelled);
    facts[`${name}: precision`] = rate(events.found, events.found + events.wrong);
    const windows = countWindows(seen);
    facts[`${name}: 3 s windows, true positives`] = rate(windows.found, windows.positives);
    facts[`${name}: 3 s windows, false positives`] = rate(windows.wrong, windows.negatives);
    facts[`${name}: 3 s windows that cut a blink, told to have one (not counted)`] =
      `${String(windows.cutFound)} of ${String(windows.cut)}`;
    if (!("mostMissed" in limit)) continue;
    const missed = events.labelled - events.found;
    checks.push(atMost(`blinks missed, ${name}`, missed, limit.mostMissed));
    if (nth > 1) continue;
    checks.push(
      atMost("false blinks in labelled clips", events.wrong, 0),
      atMost("3 s windows, missed", 1 - windows.found / windows.positives, 0.03),
      atMost("3 s windows, false positives", windows.wrong / windows.negatives, 0.02),
    );
  }
  return { facts, checks };
}

export function atMost(name: string, value: number, limit: number): Check {
  return { name, value, limit, pass: value <= limit };
}

function countEvents(clips: readonly LabelledClip[]) {
  const total = { labelled: 0, found: 0, wrong: 0 };
  for (const clip of clips) {
    const blinks: readonly Blink[] = findBlinks(clip.frames).blinks;
    const { labelled, found, wrong } = scoreEvents(clip, blinks);
    total.labelled += labelled;
    total.found += found;
    total.wrong += wrong.length;
  }
  return total;
}

function countWindows(clips: readonly LabelledClip[]) {
  const total = { ...NO_WINDOWS };
  for (const clip of clips) {
    const score = scoreWindows(clip, WINDOW_MS, STRIDE_MS);
    total.positives += score.positives;
    total.found += score.found;
    total.negatives += score.negatives;
    total.wrong += score.wrong;
    total.cut += score.cut;
    total.cutFound += score.cutFound;
  }
  return total;
}
