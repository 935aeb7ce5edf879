import { randomBytes, randomInt } from "node:crypto";

import { CountenanceError } from "../errors.js";
import { isUint8Array, lengthOf } from "../internal/typed-array.js";
import {
  integerIn,
  invalidArgument,
  oneOf,
  optionalBoolean,
  plainOptions,
} from "../internal/validate.js";
import type { ClaimChallenge } from "./challenge-claims.js";
import {
  CHALLENGE_ACTIONS,
  type ChallengeAction,
  chooseSteps,
  type StepTerms,
} from "./challenge-steps.js";

export interface ChallengeOptions {
  /** How many steps, 1..6. Default 3. */
  readonly steps?: number | undefined;
  /**
   * What may be asked for: a head movement at least, and two actions or more for two steps or more.
   * Default: everything.
   */
  readonly actions?: readonly ChallengeAction[] | undefined;
  /** How long until the clip must have been judged: 1,000..3,600,000. Default 120,000. */
  readonly ttlMs?: number | undefined;
  /**
   * The time for each step, 1,000..20,000. Default 5,000. The clip may take that for every step and 8 s
   * more: for challenges that counts, and not the `maxDurationMs` of `openCountenance({ video })`.
   */
  readonly stepMs?: number | undefined;
  /**
   * Whether the clip will be mirrored, as some front cameras and apps store it: the person's left is
   * then on the left of the picture. Decided here and sealed: whoever sends the clip cannot choose.
   */
  readonly mirrored?: boolean | undefined;
}

/** How `openCountenance` is told to seal and to claim challenges. */
export interface ChallengeSetup {
  /**
   * The secret that seals challenges: 32 bytes or more, the same on all servers. Default: a random one
   * of this process, so that a challenge does not survive a restart and no other server knows it.
   */
  readonly key?: Uint8Array | undefined;
  /**
   * Sees to it that a challenge is judged once on all servers together, for example by SET with NX and
   * PXAT in Redis, or by an INSERT under a unique key. Default: in the memory of this process.
   */
  readonly claim?: ClaimChallenge | undefined;
}

export const MIN_KEY_BYTES = 32;

/** @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`. */
export function challengeSetupOf(value: unknown): ChallengeSetup {
  const { key, claim } = plainOptions("challenge", value, ["key", "claim"]);
  if (key !== undefined && !isUint8Array(key)) {
    throw invalidArgument("challenge.key", "a Uint8Array", key);
  }
  if (key !== undefined) integerIn("challenge.key.length", lengthOf(key), MIN_KEY_BYTES, 4096);
  if (claim !== undefined && typeof claim !== "function") {
    throw invalidArgument("challenge.claim", "a function", claim);
  }
  return {
    key: key && new Uint8Array(key), // the caller may overwrite theirs; slice() of a Buffer is a view
    claim: claim as ClaimChallenge | undefined, // what it returns is checked where it is called
  };
}

/** What was decided when a challenge was made; it never changes. */
export interface ChallengeTerms extends StepTerms {
  /** Names the challenge: 22 characters of base64url, random. */
  readonly nonce: string;
  /** Unix time. */
  readonly createdAtMs: number;
  /** Unix time: from then on the challenge cannot be judged. */
  readonly expiresAtMs: number;
}

/** @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`. */
export function newTerms(options: unknown, createdAtMs: number): ChallengeTerms {
  const given = plainOptions("options", options, [
    "steps",
    "actions",
    "ttlMs",
    "stepMs",
    "mirrored",
  ]);
  const count = integerIn("steps", given.steps ?? 3, 1, 6);
  const actions = actionsOf(given.actions);
  if (count > 1 && actions.length < 2) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "actions: expected two or more for several steps, since no two in a row are equal, got one",
    );
  }
  const ttlMs = integerIn("ttlMs", given.ttlMs ?? 120_000, 1000, 3_600_000);
  return {
    nonce: randomBytes(16).toString("base64url"),
    steps: chooseSteps(count, actions, (n) => randomInt(n)),
    createdAtMs,
    expiresAtMs: createdAtMs + ttlMs,
    stepMs: integerIn("stepMs", given.stepMs ?? 5000, 1000, 20_000),
    mirrored: optionalBoolean("mirrored", given.mirrored) ?? false,
  };
}

function actionsOf(value: unknown): readonly ChallengeAction[] {
  if (value === undefined) return CHALLENGE_ACTIONS;
  if (!Array.isArray(value) || value.length === 0 || value.length > CHALLENGE_ACTIONS.length) {
    throw invalidArgument("actions", "a list of 1..5 actions", value);
  }
  // from(): map() would pass over the holes of a sparse list.
  const actions = Array.from(value, (action: unknown, i) =>
    oneOf(`actions[${String(i)}]`, action, CHALLENGE_ACTIONS),
  );
  if (actions.every((action) => action === "blink")) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "actions: expected a head movement or more, got blinks only, which any clip may show",
    );
  }
  return [...new Set(actions)];
}
