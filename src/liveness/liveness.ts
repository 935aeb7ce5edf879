import type { Engine } from "../engine.js";
import type { Operations } from "../internal/operations.js";
import { optionalSignal, plainOptions } from "../internal/validate.js";
import { type BlinkResult, blinkRules, checkBlink, type VideoCheckOptions } from "./blink-check.js";
import {
  checkPassive,
  type PassiveInput,
  type PassiveOptions,
  passiveRules,
  type PassiveResult,
} from "./passive.js";
import type { VideoInput, VideoOptions } from "./video.js";

export interface BlinkOptions extends VideoCheckOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Is there a living person in front of the camera? docs/liveness.md says what each check stops. */
export interface Liveness {
  /**
   * Looks for a blink in one uncut take of one person. It stops photos, on paper or on a screen; it
   * does not stop a video of the person, nor one that was made by a program.
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
}

export function createLiveness(
  engine: Engine,
  videoOptions: VideoOptions,
  operations: Operations,
): Liveness {
  return {
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
