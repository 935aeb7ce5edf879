import type { BestFrame } from "../../src/engine-track.js";
import { CountenanceError } from "../../src/errors.js";
import { Operations } from "../../src/internal/operations.js";
import { findBlinks } from "../../src/liveness/blink.js";
import {
  type Challenge,
  type Challenges,
  createChallenges,
  type TrackClip,
} from "../../src/liveness/challenge.js";
import type { ChallengeSetup } from "../../src/liveness/challenge-options.js";
import type { ChallengeAction } from "../../src/liveness/challenge-steps.js";
import type { TrackedClip } from "../../src/liveness/track-clip.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";
import { templateOf } from "../fixtures/takes.js";
import { PoseClip, trackedFace } from "./pose-clip.js";

export const ADA = templateOf(1);
export const VIDEO = new Uint8Array(1); // what it shows is what the house's `track` says

interface HouseOptions extends ChallengeSetup {
  /** What every clip shows; default: the steps, done by one person. */
  readonly frames?: (challenge: Challenge) => readonly TrackedFrame[];
  readonly track?: TrackClip;
}

/** A house with a clock of its own, whose videos show what the options say. */
export class House {
  nowMs = 1_000_000;
  readonly operations = new Operations(
    () => new CountenanceError("COUNTENANCE_STORE_CLOSED", "closed"),
  );
  readonly maxDurations: number[] = [];
  readonly challenges: Challenges;
  #made: Challenge | undefined;

  constructor({ frames = doneRight, track, ...setup }: HouseOptions = {}) {
    const ownTrack: TrackClip = (_, maxDurationMs) => {
      this.maxDurations.push(maxDurationMs);
      if (this.#made === undefined) throw new Error("make a challenge first");
      return Promise.resolve(followed(frames(this.#made)));
    };
    const { operations } = this;
    this.challenges = createChallenges(track ?? ownTrack, operations, setup, () => this.nowMs);
  }

  make(...options: Parameters<Challenges["create"]>): Challenge {
    this.#made = this.challenges.create(...options);
    return this.#made;
  }

  open(text: string): Challenge {
    this.#made = this.challenges.open(text);
    return this.#made;
  }
}

/** What following a clip gives. */
export function followed(frames: readonly TrackedFrame[], best = bestOf()): TrackedClip {
  return { frames, best, ...findBlinks(frames) };
}

export function bestOf(template = ADA, timestampMs = 0): BestFrame {
  const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 } as const;
  const face = trackedFace({ yaw: 0, pitch: 0, roll: 0 }, template);
  return { timestampMs, image, face, template };
}

const MOVES: Record<Exclude<ChallengeAction, "blink">, { yaw?: number; pitch?: number }> = {
  "turn-left": { yaw: 30 },
  "turn-right": { yaw: -30 },
  "look-up": { pitch: -25 },
  "look-down": { pitch: 25 },
};

export function clipOf(challenge: Challenge, template = ADA): PoseClip {
  const clip = new PoseClip().as(template).still(1500);
  for (const { action, times } of challenge.steps) {
    if (action === "blink") for (let i = 0; i < times; i++) clip.blink();
    else clip.move(MOVES[action]);
    clip.still(500);
  }
  return clip;
}

export function doneRight(challenge: Challenge): readonly TrackedFrame[] {
  return clipOf(challenge).frames;
}

export async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof CountenanceError ? error.code : "another error";
  }
}
