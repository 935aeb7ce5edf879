import { CountenanceError } from "../errors.js";
import type { NearMiss } from "./blink.js";
import type { LivenessReason } from "./reasons.js";

/** A video does not show one living person in one take: nothing was registered. */
export class NotLiveError extends CountenanceError {
  override readonly name: string = "NotLiveError";
  readonly reasons: readonly LivenessReason[];
  /** What came close to a blink, and why it is none. */
  readonly nearMisses: readonly NearMiss[];

  constructor(reasons: readonly LivenessReason[], nearMisses: readonly NearMiss[]) {
    const expected = "expected a video of one living person who blinks";
    super("COUNTENANCE_NOT_LIVE", `${expected}, got ${reasons.join(", ")}`);
    this.reasons = reasons;
    this.nearMisses = nearMisses;
  }
}
