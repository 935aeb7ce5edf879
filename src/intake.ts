import type { Engine } from "./engine.js";
import { CountenanceError } from "./errors.js";
import { integerIn, invalidArgument, isPlainObject, plainOptions } from "./internal/validate.js";
import { type BlinkFindings, type BlinkResult, findingsOf } from "./liveness/blink-check.js";
import { NotLiveError } from "./liveness/not-live-error.js";
import type { VideoInput } from "./liveness/video.js";
import { onlyFaceOf, type Probe, type ProbeFace } from "./probe.js";

/**
 * A video that stands for a face: it counts only when it shows a living person, as
 * `liveness.blink` judges it, and the face is the one that blinked.
 */
export interface VideoProbe {
  readonly video: VideoInput;
}

/** Judges a video; what `checkBlink` gives. */
export type CheckVideo = (video: VideoInput, signal: AbortSignal) => Promise<BlinkResult>;

/** The faces that a registration adds, and how their video was judged. */
export interface Intake {
  readonly faces: readonly ProbeFace[];
  readonly liveness: BlinkFindings | undefined;
}

/** Starts the analysis; what it does before its first await is done when it returns its promise. */
export type ReadIntake = (signal: AbortSignal) => Promise<Intake>;

/**
 * What a registration is made from: one probe, a list of 1..100, or one video.
 * @throws {CountenanceError} `INVALID_ARGUMENT`; what it returns throws what `onlyFaceOf` and
 * `liveFace` throw.
 */
export function intakeOf(
  engine: Engine,
  images: Probe | readonly Probe[] | VideoProbe,
  check: CheckVideo,
): ReadIntake {
  const video = videoOf(images);
  if (video !== undefined) {
    return async (signal) => {
      const liveness = await check(video, signal);
      return { faces: [liveFace(liveness)], liveness: findingsOf(liveness) };
    };
  }
  const probes = probeList(images as Probe | readonly Probe[]); // it is no video
  return async (signal) => ({
    faces: await Promise.all(probes.map((probe) => onlyFaceOf(engine, probe, signal))),
    liveness: undefined,
  });
}

/**
 * The video of `{ video }`; undefined for whatever else.
 * @throws {CountenanceError} `INVALID_ARGUMENT` for an object that has more than that.
 */
export function videoOf(probe: unknown): VideoInput | undefined {
  if (!isPlainObject(probe) || !("video" in probe)) return undefined;
  const { video } = plainOptions("probe", probe, ["video"]);
  if (video === undefined || video === null) throw invalidArgument("video", "a video", video);
  return video as VideoInput; // videoFrames judges what it is
}

/** What a call says about its video, before it is checked. */
export interface GivenVideoOptions {
  readonly maxDurationMs?: unknown;
  readonly strict?: unknown;
}

/**
 * `strict` shall not look as if it had judged a photo.
 * @throws {CountenanceError} `INVALID_ARGUMENT`.
 */
export function refuseVideoOptions(
  images: unknown,
  { maxDurationMs, strict }: GivenVideoOptions,
): void {
  if (videoOf(images) !== undefined) return;
  if (maxDurationMs === undefined && strict === undefined) return;
  throw new CountenanceError(
    "COUNTENANCE_INVALID_ARGUMENT",
    "maxDurationMs, strict: expected them with a video only, got a picture or a template",
  );
}

/** @throws {NotLiveError} */
function liveFace(liveness: BlinkResult): ProbeFace {
  if (!liveness.live) throw new NotLiveError(liveness.reasons, liveness.nearMisses);
  return faceOfVideo(liveness.bestFrame);
}

/** The face of a video's best frame, as a picture's. */
export function faceOfVideo({ face, template }: NonNullable<BlinkResult["bestFrame"]>): ProbeFace {
  const { box, score, landmarks } = face;
  return { template, face: { box, score, landmarks, template } };
}

function probeList(images: Probe | readonly Probe[]): readonly Probe[] {
  if (!Array.isArray(images)) return [images as Probe]; // readonly arrays escape isArray's narrowing
  integerIn("images.length", images.length, 1, 100);
  const list = Array.from(images as readonly Probe[]);
  if (list.some((probe) => videoOf(probe) !== undefined)) {
    // One video is one proof of life: mixed with pictures it would vouch for them too.
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "images: expected a video alone, got one in a list",
    );
  }
  return list;
}
