import type { Decision } from "./decision.js";
import type { Engine } from "./engine.js";
import type { Face } from "./face.js";
import { type CheckVideo, faceOfVideo } from "./intake.js";
import { inScope } from "./internal/operations.js";
import { type BlinkFindings, findingsOf, type VideoCheckOptions } from "./liveness/blink-check.js";
import type { LivenessReason } from "./liveness/reasons.js";
import type { VideoInput } from "./liveness/video.js";
import { claim, type Threshold, type VerifyOptions } from "./matching.js";
import { refusalError } from "./refusals.js";
import type { Store, SubjectRecord } from "./stores/store.js";

export interface VerifyVideoOptions extends VerifyOptions, VideoCheckOptions {}

/** A match means both: the video shows one living person, and that person is the subject. */
export type VideoDecision =
  Decision | { readonly kind: "not-live"; readonly reasons: readonly LivenessReason[] };

/** The answer to a claim that is made with a video. */
export interface VideoVerification {
  readonly decision: VideoDecision;
  /**
   * Euclidean, from the video's best frame to the subject's nearest face; undefined when no frame is
   * good enough for a template. A small one says nothing while the decision is `not-live`.
   */
  readonly distance: number | undefined;
  /** As for pictures; undefined where the distance is. */
  readonly fmr: number | undefined;
  /** The distance up to which a living person's decision is a match; undefined where the distance is. */
  readonly threshold: number | undefined;
  /** How many faces the video's face was compared with. */
  readonly comparisons: number;
  /** The face of the best frame. */
  readonly face: Face | undefined;
  readonly liveness: BlinkFindings;
}

/** @throws {CountenanceError} `SUBJECT_NOT_FOUND`, and what `check` throws. */
export function verifyByVideo(
  engine: Engine,
  store: Store,
  request: {
    readonly subjectId: string;
    readonly video: VideoInput;
    readonly threshold: Threshold;
    readonly check: CheckVideo;
  },
  outer: AbortSignal,
): Promise<VideoVerification> {
  return inScope(outer, async (signal) => {
    const { subjectId, video, threshold, check } = request;
    // Before the first await: the caller's bytes are copied before the call returns.
    const checking = check(video, signal);
    checking.catch(() => undefined); // awaited below, unless there is no such subject
    await subjectOf(store, subjectId, signal); // or nobody has to wait for the clip
    const result = await checking;
    // Again: clips take seconds, and whoever was deleted or replaced meanwhile is no match.
    const subject = await subjectOf(store, subjectId, signal);
    const { bestFrame, reasons } = result;
    const liveness = findingsOf(result);
    const notLive = { kind: "not-live", reasons } as const;
    if (bestFrame === undefined) {
      const unknown = { distance: undefined, fmr: undefined, threshold: undefined };
      return { decision: notLive, ...unknown, comparisons: 0, face: undefined, liveness };
    }
    // The very template that the liveness check made: what blinked is what is compared.
    const { template, face } = faceOfVideo(bestFrame);
    const claimed = claim(engine.calibration, template, subject, threshold);
    const decision = liveness.live ? claimed.decision : notLive;
    return { ...claimed, decision, face, liveness };
  });
}

/** @throws {CountenanceError} `SUBJECT_NOT_FOUND`. */
async function subjectOf(
  store: Store,
  subjectId: string,
  signal: AbortSignal,
): Promise<SubjectRecord> {
  const subject = await store.getSubject(subjectId, { signal });
  if (subject === undefined) throw refusalError("subject-missing");
  return subject;
}
