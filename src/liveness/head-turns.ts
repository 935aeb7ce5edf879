import { median } from "./median.js";
import type { TrackedFace, TrackedFrame } from "./tracked-frame.js";

/** The pose that a person comes back to between the steps of a challenge. */
export interface RestPose {
  readonly yaw: number;
  readonly pitch: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Where the nose goes, as the picture shows it. */
export type TurnDirection = "left" | "right" | "up" | "down";

/** The head left its rest pose by a clear angle. */
export interface HeadTurn {
  readonly direction: TurnDirection;
  /** When it left the rest pose. */
  readonly startMs: number;
  /** When it first was turned far enough. */
  readonly reachedMs: number;
  /** When it was back; undefined: the frames ended before that. */
  readonly endMs: number | undefined;
}

/**
 * Degrees from the rest pose at which a head counts as turned. Sources: docs/decisions.md,
 * "Liveness: challenges".
 */
export const TURN_YAW = 20;
export const TURN_PITCH = 15;
/** Within this part of those degrees the head is back at rest. */
const BACK = 0.5;

/** How long the head keeps still before the first step, and how still. */
const REST_MS = 600;
const REST_RANGE = 8;
/** A rest pose looks into the camera; phones are held low, so that pitch has more room. */
const REST_MAX_YAW = 15;
const REST_MAX_PITCH = 25;

interface Sample {
  readonly timestampMs: number;
  readonly yaw: number;
  readonly pitch: number;
}

/** The first still stretch of a face that looks into the camera. */
export function findRest(frames: readonly TrackedFrame[]): RestPose | undefined {
  let first = 0;
  for (const [last, { face, timestampMs }] of frames.entries()) {
    if (face === undefined) {
      first = last + 1;
      continue;
    }
    while (!isStill(frames.slice(first, last + 1))) first++;
    const startMs = frames[first]?.timestampMs ?? timestampMs;
    if (timestampMs - startMs < REST_MS) continue;
    const faces = frames.slice(first, last + 1).flatMap((frame) => frame.face ?? []);
    const yaw = median(faces.map(({ pose }) => pose.yaw));
    const pitch = median(faces.map(({ pose }) => pose.pitch));
    if (Math.abs(yaw) <= REST_MAX_YAW && Math.abs(pitch) <= REST_MAX_PITCH) {
      return { yaw, pitch, startMs, endMs: timestampMs };
    }
    first++;
  }
  return undefined;
}

/** All turns of the head after the rest pose was found, in their order. */
export function findTurns(frames: readonly TrackedFrame[], rest: RestPose): readonly HeadTurn[] {
  const turns: HeadTurn[] = [];
  let leftRestMs = rest.endMs;
  let turn: { strongest: Turned; reachedMs: number } | undefined;
  const end = (endMs: number | undefined) => {
    if (turn === undefined) return;
    const { strongest, reachedMs } = turn;
    turns.push({ direction: strongest.direction, startMs: leftRestMs, reachedMs, endMs });
    turn = undefined;
  };
  for (const { timestampMs, ...pose } of smoothed(frames, rest.endMs)) {
    const now = turned(pose, rest);
    const isBack = now.by < BACK;
    // A fast head goes from one side to the other between two frames.
    if (isBack || isOpposite(now, turn?.strongest)) {
      end(timestampMs);
      leftRestMs = timestampMs;
    }
    if (isBack || (now.by < 1 && turn === undefined)) continue;
    turn ??= { strongest: now, reachedMs: timestampMs };
    if (now.by > turn.strongest.by) turn.strongest = now;
  }
  end(undefined);
  return turns;
}

/** Whether a head is in its rest pose, or near it. */
export function isAtRest({ pose }: TrackedFace, rest: RestPose): boolean {
  return turned(pose, rest).by < BACK;
}

interface Turned {
  readonly direction: TurnDirection;
  /** 0: in the rest pose; from 1 on the head counts as turned. */
  readonly by: number;
}

/** The greater of both angles, each measured by what counts as a turn. */
function turned(pose: { yaw: number; pitch: number }, rest: RestPose): Turned {
  const aside = (pose.yaw - rest.yaw) / TURN_YAW;
  const down = (pose.pitch - rest.pitch) / TURN_PITCH;
  return Math.abs(aside) >= Math.abs(down)
    ? { direction: aside > 0 ? "right" : "left", by: Math.abs(aside) }
    : { direction: down > 0 ? "down" : "up", by: Math.abs(down) };
}

const OPPOSITE = { left: "right", right: "left", up: "down", down: "up" } as const;

function isOpposite(now: Turned, before: Turned | undefined): boolean {
  return before !== undefined && now.direction === OPPOSITE[before.direction];
}

/** Each pose is the median of three, so that one bad frame is no turn. */
function smoothed(frames: readonly TrackedFrame[], fromMs: number): Sample[] {
  const found = frames.flatMap(({ timestampMs, face }) =>
    face === undefined || timestampMs < fromMs ? [] : [{ timestampMs, ...face.pose }],
  );
  return found.map((sample, i) => {
    const three = found.slice(Math.max(i - 1, 0), i + 2);
    return {
      timestampMs: sample.timestampMs,
      yaw: median(three.map(({ yaw }) => yaw)),
      pitch: median(three.map(({ pitch }) => pitch)),
    };
  });
}

function isStill(frames: readonly TrackedFrame[]): boolean {
  const range = (angles: number[]) => Math.max(...angles) - Math.min(...angles);
  const poses = frames.flatMap(({ face }) => face?.pose ?? []);
  return [poses.map(({ yaw }) => yaw), poses.map(({ pitch }) => pitch)].every(
    (angles) => angles.length < 2 || range(angles) <= REST_RANGE,
  );
}
