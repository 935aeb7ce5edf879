import type { Engine } from "../engine.js";
import type { Operations } from "../internal/operations.js";
import { optionalSignal, plainOptions } from "../internal/validate.js";
import { type BlinkResult, blinkRules, checkBlink, type VideoCheckOptions } from "./blink-check.js";
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
  };
}
