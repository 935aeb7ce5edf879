import { randomBytes } from "node:crypto";

import type { BestFrame } from "../engine-track.js";
import { CountenanceError } from "../errors.js";
import type { Operations } from "../internal/operations.js";
import { throwIfAborted } from "../internal/slots.js";
import { unlessAborted } from "../internal/unless-aborted.js";
import { invalidArgument, optionalSignal, plainOptions } from "../internal/validate.js";
import type { Template } from "../template.js";
import { claimsInMemory, type ClaimChallenge } from "./challenge-claims.js";
import {
  type ChallengeOptions,
  type ChallengeSetup,
  type ChallengeTerms,
  MIN_KEY_BYTES,
  newTerms,
} from "./challenge-options.js";
import { seal, unseal } from "./challenge-seal.js";
import type { ChallengeStep, DoneStep } from "./challenge-steps.js";
import { type ChallengeReason, judgeChallenge } from "./challenge-verdict.js";
import type { TrackedClip } from "./track-clip.js";
import type { VideoInput } from "./video.js";

/**
 * - CREATED: made, not judged yet.
 * - IN_PROGRESS: a clip is being judged.
 * - SUCCEEDED, FAILED: judged. A challenge is judged once.
 * - EXPIRED: its time ran out before it was judged; or another copy of it got the verdict, as this one
 *   learned when it was judged too.
 */
export type ChallengeState = "CREATED" | "IN_PROGRESS" | "SUCCEEDED" | "FAILED" | "EXPIRED";

export type ChallengeResult = {
  /** Why it FAILED. */
  readonly reasons: readonly ChallengeReason[];
  /** The steps that were done, in order, with their times on the clip's clock. */
  readonly done: readonly DoneStep[];
} & (
  | {
      readonly state: "SUCCEEDED";
      readonly bestFrame: BestFrame;
      /** Of the best frame: give it to `verify`, to know that it is who they say. */
      readonly template: Template;
    }
  | {
      readonly state: "FAILED" | "EXPIRED";
      readonly bestFrame: undefined;
      readonly template: undefined;
    }
);

/** Steps that a person is asked to do in front of the camera, once. */
export interface Challenge extends ChallengeTerms {
  readonly state: ChallengeState;
  /** Why it FAILED. */
  readonly reasons: readonly ChallengeReason[];

  /**
   * A text for `openChallenge`, on this server or another with the same key. It is sealed, not
   * encrypted: whoever has it can read the steps and the state, and nobody can change them.
   */
  serialize(): string;

  /**
   * Judges a clip: the same person does all steps, in order, each in its time. The clip begins with
   * the face still and looking into the camera.
   *
   * Only a verdict uses the challenge up: after an error (an unreadable video, BUSY, ABORTED) it can
   * be judged again until it expires. An abort while the host's `claim` is asked may leave it used.
   * @throws {CountenanceError} `CHALLENGE_USED`, and what `liveness.blink` throws; and whatever the
   * host's `claim` throws.
   */
  judge(
    video: VideoInput,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<ChallengeResult>;
}

/** How the facade follows the face of a clip. */
export type TrackClip = (
  video: VideoInput,
  maxDurationMs: number,
  signal: AbortSignal,
) => Promise<TrackedClip>;

export interface Challenges {
  create(options?: ChallengeOptions): Challenge;
  open(text: string): Challenge;
}

/** @param now  Unix time in milliseconds. */
export function createChallenges(
  track: TrackClip,
  operations: Operations,
  { key = randomBytes(MIN_KEY_BYTES), claim }: ChallengeSetup,
  now: () => number = Date.now,
): Challenges {
  const house: House = { track, operations, key, claim: claim ?? claimsInMemory(now), now };
  return {
    create(options) {
      operations.throwIfClosed();
      return new SealedChallenge(house, newTerms(options, now()));
    },
    open(text) {
      operations.throwIfClosed();
      // Only our own key seals, and only what serialize() wrote.
      return new SealedChallenge(house, unseal(text, key) as Content);
    },
  };
}

/** What is sealed. IN_PROGRESS is not: a judge ends with its process. */
interface Content extends ChallengeTerms {
  readonly verdict?: "SUCCEEDED" | "FAILED";
  readonly reasons?: readonly ChallengeReason[];
}

interface House {
  readonly track: TrackClip;
  readonly operations: Operations;
  readonly key: Uint8Array;
  readonly claim: ClaimChallenge;
  readonly now: () => number;
}

/** Time for the face to come to rest before the first step, and to stop the recording after the last. */
const AROUND_MS = 8000;
/** The clocks of a host's servers differ: a claim outlives its challenge by more than that. */
const KEEP_CLAIM_MS = 60_000;

class SealedChallenge implements Challenge {
  readonly nonce: string;
  readonly steps: readonly ChallengeStep[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly stepMs: number;
  readonly mirrored: boolean;
  readonly #house: House;
  #verdict: "SUCCEEDED" | "FAILED" | undefined;
  #reasons: readonly ChallengeReason[];
  #judging = 0;
  /** A claim was refused: the verdict is another copy's. */
  #isUsed = false;

  constructor(house: House, content: Content) {
    this.#house = house;
    this.nonce = content.nonce;
    this.steps = Object.freeze(content.steps.map((step) => Object.freeze(step)));
    this.createdAtMs = content.createdAtMs;
    this.expiresAtMs = content.expiresAtMs;
    this.stepMs = content.stepMs;
    this.mirrored = content.mirrored;
    this.#verdict = content.verdict;
    this.#reasons = Object.freeze(content.reasons ?? []);
  }

  get state(): ChallengeState {
    if (this.#verdict !== undefined) return this.#verdict;
    if (this.#judging > 0) return "IN_PROGRESS";
    return this.#isUsed || this.#isExpired() ? "EXPIRED" : "CREATED";
  }

  get reasons(): readonly ChallengeReason[] {
    return this.#reasons;
  }

  serialize(): string {
    const { nonce, steps, createdAtMs, expiresAtMs, stepMs, mirrored } = this;
    const content: Content = { nonce, steps, createdAtMs, expiresAtMs, stepMs, mirrored };
    const verdict = this.#verdict;
    return seal(
      verdict === undefined ? content : { ...content, verdict, reasons: this.#reasons },
      this.#house.key,
    );
  }

  async judge(video: VideoInput, options: unknown = {}): Promise<ChallengeResult> {
    const { signal } = plainOptions("options", options, ["signal"]);
    return this.#house.operations.run(optionalSignal("signal", signal), async (inner) => {
      this.#judging++;
      try {
        return await this.#judge(video, inner);
      } finally {
        this.#judging--;
      }
    });
  }

  async #judge(video: VideoInput, signal: AbortSignal): Promise<ChallengeResult> {
    const { track, claim } = this.#house;
    if (this.#verdict !== undefined || this.#isUsed) throw used();
    if (this.#isExpired()) return EXPIRED;
    const maxDurationMs = AROUND_MS + this.steps.length * this.stepMs;
    const { frames, blinks, best } = await track(video, maxDurationMs, signal);
    const { reasons, done } = judgeChallenge(this, frames, blinks, best);
    // Claimed last, so that only a verdict uses a challenge up, and nobody learns one without a claim.
    throwIfAborted(signal);
    if (this.#isExpired()) return EXPIRED;
    const claiming = claimed(claim, this.nonce, this.expiresAtMs + KEEP_CLAIM_MS);
    if (!(await unlessAborted(claiming, signal))) {
      this.#isUsed = true;
      throw used();
    }
    this.#reasons = Object.freeze(reasons);
    if (best === undefined || reasons.length > 0) {
      this.#verdict = "FAILED";
      return { state: "FAILED", reasons, done, bestFrame: undefined, template: undefined };
    }
    this.#verdict = "SUCCEEDED";
    return { state: "SUCCEEDED", reasons, done, bestFrame: best, template: best.template };
  }

  #isExpired(): boolean {
    return this.#house.now() >= this.expiresAtMs;
  }
}

const EXPIRED: ChallengeResult = Object.freeze({
  state: "EXPIRED",
  reasons: Object.freeze([]),
  done: Object.freeze([]),
  bestFrame: undefined,
  template: undefined,
});

function used(): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_CHALLENGE_USED",
    "expected a challenge that was not judged before, got a used one: make a new one",
  );
}

async function claimed(
  claim: ClaimChallenge,
  nonce: string,
  keepUntilMs: number,
): Promise<boolean> {
  const isFirst: unknown = await claim(nonce, keepUntilMs);
  // "OK" or null of a database client must not pass for a boolean.
  if (typeof isFirst === "boolean") return isFirst;
  throw invalidArgument("challenge.claim", "a function that resolves to a boolean", isFirst);
}
