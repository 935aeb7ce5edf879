import type { Engine } from "../engine.js";
import { inScope, type Operations } from "../internal/operations.js";
import { optionalSignal, plainOptions } from "../internal/validate.js";
import { type BlinkResult, blinkRules, checkBlink, type VideoCheckOptions } from "./blink-check.js";
import { type Challenge, createChallenges, type TrackClip } from "./challenge.js";
import type { ChallengeOptions, ChallengeSetup } from "./challenge-options.js";
import {
  checkPassive,
  type PassiveInput,
  type PassiveOptions,
  passiveRules,
  type PassiveResult,
} from "./passive.js";
import { trackClip } from "./track-clip.js";
import type { VideoInput, VideoOptions } from "./video.js";

export interface BlinkOptions extends VideoCheckOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Is there a living person in front of the camera? docs/liveness.md says what each check stops. */
export interface Liveness {
  /**
   * Looks for a blink in one uncut take of one person. It stops photos, on paper or on a screen; it
   * does not stop a video of the person, one that was made by a program, or a photo that is worn with
   * holes for the eyes. The result holds a picture of the person: do not send all of it to a client.
   * @throws {CountenanceError} `VIDEO_UNREADABLE`, `VIDEO_TOO_LONG`, `VIDEO_DECODER_MISSING`,
   * `UNSUPPORTED` (an engine of your own without `trackEyes`), `INVALID_ARGUMENT`, `BUSY`, `ABORTED`,
   * `STORE_CLOSED`.
   */
  blink(video: VideoInput, options?: BlinkOptions): Promise<BlinkResult>;

  /**
   * Asks two networks (MiniFASNet) whether pictures or a clip show a face, or a print or a screen
   * that shows one. Its operating points are not validated: `countenance evaluate liveness` measures
   * them on clips of your own. What cannot be judged is `inconclusive`, never an error.
   * @throws {CountenanceError} `MODEL_MISSING` until both networks were added (`countenance models
   * add`), `UNSUPPORTED` (an engine of your own without `spoofScores`), `IMAGE_UNREADABLE`,
   * `IMAGE_TOO_LARGE`, `INVALID_ARGUMENT`, `BUSY`, `ABORTED`, `STORE_CLOSED`; for a video what
   * `blink` throws.
   */
  passive(input: PassiveInput, options?: PassiveOptions): Promise<PassiveResult>;

  /**
   * Makes a random sequence of blinks and turns of the head, to be done in front of the camera. It
   * stops recorded videos too; it does not stop a program that animates a face when asked.
   * @throws {CountenanceError} `INVALID_ARGUMENT`, `STORE_CLOSED`.
   */
  challenge(options?: ChallengeOptions): Challenge;

  /**
   * The challenge that `serialize()` made, here or on a server with the same key.
   * @throws {CountenanceError} `INVALID_ARGUMENT`: no such text, changed, or sealed with another key;
   * `STORE_CLOSED`.
   */
  openChallenge(text: string): Challenge;
}

export function createLiveness(
  engine: Engine,
  videoOptions: VideoOptions,
  challengeSetup: ChallengeSetup,
  operations: Operations,
): Liveness {
  const track: TrackClip = (video, maxDurationMs, outer) =>
    inScope(outer, (signal) =>
      trackClip(engine, video, { ...videoOptions, maxDurationMs }, signal),
    );
  const challenges = createChallenges(track, operations, challengeSetup);
  return {
    challenge: (options) => challenges.create(options),
    openChallenge: (text) => challenges.open(text),
    async blink(video, options = {}) {
      const given = plainOptions("options", options, ["maxDurationMs", "strict", "signal"]);
      const rules = blinkRules(videoOptions, given);
      return operations.run(optionalSignal("signal", given.signal), (signal) =>
        checkBlink(engine, video, rules, signal),
      );
    },

    async passive(input, options = {}) {
      const given = plainOptions("options", options, ["point", "maxDurationMs", "signal"]);
      const rules = passiveRules(videoOptions, given);
      return operations.run(optionalSignal("signal", given.signal), (signal) =>
        checkPassive(engine, input, rules, signal),
      );
    },
  };
}
