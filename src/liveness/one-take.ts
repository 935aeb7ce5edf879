import type { Template } from "../template.js";
import { hasCut, hasFace, type SeenFrame } from "./continuity.js";
import { median } from "./median.js";
import type { LivenessRefusal } from "./reasons.js";
import { distanceToMean, largestDrift, MAX_BEST_DISTANCE, MAX_DRIFT } from "./same-person.js";
import type { TrackedFrame } from "./tracked-frame.js";

// Sources of the constants: docs/decisions.md, "Liveness: one person, one take".

/** Pixels between the outer corners of the eyes, in most frames: below it the lids are a pixel or two. */
export const MIN_EYE_GAP_PX = 24;
/** Below it a blink is one frame or none. */
export const MIN_FRAMES_PER_SECOND = 12;
/** A blink takes up to 450 ms, and the eyes have to be seen open before and after it. */
export const MIN_TAKE_MS = 900;
/** Whoever is out of sight for longer may have been replaced. */
const LONGEST_LOSS_MS = 250;

/** The frame that stands for a take, and its template. */
export interface TakeFrame {
  readonly timestampMs: number;
  readonly template: Template;
}

/**
 * Why a clip is not one uncut take of one person's face, from the first frame that shows it to the
 * last: what then holds for one moment of it (who it is, that they blinked) holds for the person.
 * @param frames  In order. For `DIFFERENT_PERSON` to be found, some carry templates.
 * @param best  The frame whose template is going to be used.
 * @returns In the order of `LIVENESS_REFUSALS`; empty for one take.
 */
export function judgeTake(
  frames: readonly TrackedFrame[],
  best: TakeFrame | undefined,
): readonly LivenessRefusal[] {
  const seen = frames.filter(hasFace);
  const [first, last] = [seen[0], seen[seen.length - 1]];
  if (first === undefined || last === undefined) return ["NO_FACE"];
  const take = frames.filter(
    ({ timestampMs }) => timestampMs >= first.timestampMs && timestampMs <= last.timestampMs,
  );
  const durationMs = last.timestampMs - first.timestampMs;
  const faults: readonly (readonly [LivenessRefusal, boolean])[] = [
    ["MULTIPLE_FACES", frames.some(({ facesSeen }) => (facesSeen ?? 0) > 1)],
    ["FACE_LOST", longestLossMs(take) > LONGEST_LOSS_MS],
    ["DIFFERENT_PERSON", !isOnePerson(seen, best)],
    ["CUT", hasCut(take)],
    ["FACE_TOO_SMALL", median(seen.map(({ face }) => face.eyeGapPx)) < MIN_EYE_GAP_PX],
    ["LOW_FRAME_RATE", (take.length - 1) * 1000 < MIN_FRAMES_PER_SECOND * durationMs],
    ["TOO_SHORT", durationMs < MIN_TAKE_MS],
  ];
  return faults.filter(([, found]) => found).map(([reason]) => reason);
}

/** From the last frame before a loss to the first one after it; 0 where every frame shows the face. */
function longestLossMs(take: readonly TrackedFrame[]): number {
  let [longest, seenAtMs, lost] = [0, 0, false];
  for (const { timestampMs, face } of take) {
    if (face === undefined) {
      lost = true;
      continue;
    }
    if (lost) longest = Math.max(longest, timestampMs - seenAtMs);
    [seenAtMs, lost] = [timestampMs, false];
  }
  return longest;
}

function isOnePerson(seen: readonly SeenFrame[], best: TakeFrame | undefined): boolean {
  const vectors = seen.flatMap(({ face }) => (face.template ? [face.template.vector] : []));
  if (largestDrift(vectors) > MAX_DRIFT) return false;
  // By itself: one frame of somebody else is no stretch, but it must not become the template.
  if (best === undefined || vectors.length === 0) return true;
  return distanceToMean(best.template.vector, vectors) <= MAX_BEST_DISTANCE;
}
