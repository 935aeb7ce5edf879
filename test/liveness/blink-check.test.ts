import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Countenance, openCountenance } from "../../src/countenance.js";
import type { Engine } from "../../src/engine.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";
import type { VideoFrame } from "../../src/liveness/video.js";
import { clipOf } from "../fixtures/scripted-clips.js";
import { ScriptedEngine } from "../fixtures/scripted-engine.js";
import { splice, take, without } from "../fixtures/takes.js";

const failure = (code: string): unknown => expect.objectContaining({ code });
const blinking = take({ blinksAtMs: [1200] });

let engine: ScriptedEngine;
let faces: Countenance;
beforeEach(async () => {
  engine = new ScriptedEngine();
  faces = await openCountenance({ engine });
});
afterEach(() => faces.close());

const blink = (frames: readonly TrackedFrame[]) => faces.liveness.blink(clipOf(frames));

test("one person who blinks in one take is live, and the best frame gives the template", async () => {
  const result = await blink(blinking);
  expect(result).toMatchObject({ live: true, reasons: [], bestFrame: { timestampMs: 0 } });
  expect(result.blinks.map(({ peakMs }) => Math.round(peakMs / 100))).toEqual([13]);
  expect(result.template).toBe(result.bestFrame?.template);
});

test("a face that does not blink is not live, and its template is told all the same", async () => {
  const result = await blink(take());
  expect(result).toMatchObject({ live: false, reasons: ["NO_BLINK"], blinks: [] });
  expect(result.template).toBe(result.bestFrame?.template);
});

test("a clip without a face has one reason and no template", async () => {
  const result = await blink(without(take(), 0, 9999));
  expect(result).toMatchObject({ live: false, reasons: ["NO_FACE"], template: undefined });
  expect(result.bestFrame).toBeUndefined();
});

test("a blink in a clip that has no frame for a template is not live", async () => {
  const unembedded = blinking.map(({ face, ...frame }) => ({
    ...frame,
    face: face && { ...face, template: undefined },
  }));
  const result = await blink(unembedded);
  expect(result).toMatchObject({ live: false, reasons: ["NO_CLEAR_FRAME"] });
  expect(result.blinks).toHaveLength(1);
});

test("all blinks are told, also when the clip is refused for another reason", async () => {
  const other = take({ person: 2, durationMs: 1500 });
  const result = await blink(splice(take({ durationMs: 2000, blinksAtMs: [800] }), other));
  expect(result).toMatchObject({ live: false, reasons: ["DIFFERENT_PERSON"] });
  expect(result.blinks).toHaveLength(1);
});

test("another person's blink in the middle of a clip is not hers", async () => {
  const ada = take({ person: 1, durationMs: 1500 });
  const ben = take({ person: 2, durationMs: 1000, blinksAtMs: [400] });
  const result = await blink(splice(ada, ben, ada));
  expect(result.live).toBe(false);
  expect(result.reasons).toContain("DIFFERENT_PERSON");
});

test("two people in view are refused", async () => {
  const result = await blink(blinking.map((f, i) => (i === 50 ? { ...f, facesSeen: 2 } : f)));
  expect(result).toMatchObject({ live: false, reasons: ["MULTIPLE_FACES"] });
});

test("several clips at once are judged apart", async () => {
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, i) => blink(i % 2 === 0 ? blinking : take({ person: i }))),
  );
  expect(results.map(({ live }) => live)).toEqual([0, 1, 0, 1, 0, 1, 0, 1].map((i) => i === 0));
});

describe("a hint of a replay", () => {
  /** The tracker sees a blink, and all pictures are the same one for longer than any camera's. */
  async function* frozen(): AsyncGenerator<VideoFrame, void, undefined> {
    for await (const { timestampMs, image } of clipOf(blinking)) {
      const { data, ...size } = image;
      // The number of the frame stays where the thumbnail has no point.
      const wide = new Uint8Array(4000).fill(90);
      wide.set(data, 0);
      yield { timestampMs, image: { ...size, data: wide, width: 4000 } };
    }
  }

  test("is told, and does not decide", async () => {
    const result = await faces.liveness.blink(frozen());
    expect(result).toMatchObject({ live: true, reasons: ["FROZEN_FRAMES"] });
  });

  test("decides when the call is strict", async () => {
    const result = await faces.liveness.blink(frozen(), { strict: true });
    expect(result).toMatchObject({ live: false, reasons: ["FROZEN_FRAMES"] });
    expect(result.template).toBeDefined();
  });

  test("in a strict registration or verification is not live", async () => {
    const registering = faces.register("ada", { video: frozen() }, { strict: true });
    await expect(registering).rejects.toEqual(failure("COUNTENANCE_NOT_LIVE"));
    await faces.register("ada", { video: frozen() });
    const { decision } = await faces.verify("ada", { video: frozen() }, { strict: true });
    expect(decision).toEqual({ kind: "not-live", reasons: ["FROZEN_FRAMES"] });
  });
});

describe("an end before the end", () => {
  /** Frames without an end, and whether their source was told to stop. */
  function endless() {
    const source = { ended: false };
    async function* frames(): AsyncGenerator<VideoFrame, void, undefined> {
      try {
        for (let round = 0; ; round++) {
          const startMs = round * 40;
          yield* clipOf(take({ durationMs: 0, startMs }));
        }
      } finally {
        source.ended = true;
      }
    }
    return { source, frames: frames() };
  }

  test("by the signal throws ABORTED and ends the source", async () => {
    const { source, frames } = endless();
    const controller = new AbortController();
    const judging = faces.liveness.blink(frames, {
      signal: controller.signal,
      maxDurationMs: 600_000,
    });
    controller.abort();
    await expect(judging).rejects.toEqual(failure("COUNTENANCE_ABORTED"));
    await expect.poll(() => source.ended).toBe(true);
  });

  test("by close throws STORE_CLOSED, and close waits for it", async () => {
    const { frames } = endless();
    const judging = faces.liveness.blink(frames, { maxDurationMs: 600_000 });
    const refused = expect(judging).rejects.toEqual(failure("COUNTENANCE_STORE_CLOSED"));
    await faces.close();
    await refused;
  });

  test("by the limit throws VIDEO_TOO_LONG", async () => {
    const judging = faces.liveness.blink(endless().frames, { maxDurationMs: 500 });
    await expect(judging).rejects.toEqual(failure("COUNTENANCE_VIDEO_TOO_LONG"));
  });

  test("by a source that throws gives its own error", async () => {
    async function* broken(): AsyncGenerator<VideoFrame, void, undefined> {
      yield* clipOf(take({ durationMs: 500 }));
      throw new RangeError("the camera is gone");
    }
    await expect(faces.liveness.blink(broken())).rejects.toThrow(RangeError);
  });
});

describe("refuses", () => {
  test.each([undefined, null, 7, "clip.mp4", {}, [], { path: 7 }])(
    "%j as a video",
    async (video) => {
      // As a JavaScript caller may.
      const judging = faces.liveness.blink(video as unknown as Uint8Array);
      await expect(judging).rejects.toEqual(failure("COUNTENANCE_INVALID_ARGUMENT"));
    },
  );

  test.each([
    { maxDurationMs: 0 },
    { maxDurationMs: 600_001 },
    { strict: "yes" },
    { signal: 7 },
    { contour: "mesh" },
  ])("%j as options", async (options) => {
    const judging = faces.liveness.blink(clipOf(blinking), options as object);
    await expect(judging).rejects.toEqual(failure("COUNTENANCE_INVALID_ARGUMENT"));
  });

  test.each([7, { maxDurationMs: 0 }, { ffmpeg: "ffmpeg" }, { maxConcurrent: 1.5 }])(
    "%j as openCountenance's video",
    async (video) => {
      const opening = openCountenance({ engine, video: video as object });
      await expect(opening).rejects.toEqual(failure("COUNTENANCE_INVALID_ARGUMENT"));
    },
  );

  test("a video when the engine cannot track eyes", async () => {
    const { modelId, pipeline, dimension, calibration } = engine;
    const analyze = engine.analyze.bind(engine);
    const older: unknown = { modelId, pipeline, dimension, calibration, analyze };
    const opened = await openCountenance({ engine: older as Engine });
    const judging = opened.liveness.blink(clipOf(blinking));
    await expect(judging).rejects.toEqual(failure("COUNTENANCE_UNSUPPORTED"));
    await opened.close();
  });

  test("everything once it is closed", async () => {
    await faces.close();
    const judging = faces.liveness.blink(clipOf(blinking));
    await expect(judging).rejects.toEqual(failure("COUNTENANCE_STORE_CLOSED"));
  });
});
