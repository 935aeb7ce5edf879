import { existsSync } from "node:fs";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Countenance, openCountenance } from "../../src/countenance.js";

const FOLDER = "/work/shared/data/blink";
/** Some of the shortest, so that the suite stays short; the bench of liveness takes all of them. */
const BLINKING = ["s13"];
const NOT_BLINKING = ["d20", "s29"];

let faces: Countenance;
beforeAll(async () => {
  faces = await openCountenance({ video: { maxDurationMs: 30_000 } });
});
afterAll(() => faces.close());

// Without the folder there are no real clips: they are not ours to publish.
const withClips = test.skipIf(!existsSync(FOLDER));
const judge = (clip: string) => faces.liveness.blink({ path: `${FOLDER}/${clip}.mp4` });

withClips.each(BLINKING)("%s, a clip of a person who blinks, is live", async (clip) => {
  expect(await judge(clip)).toMatchObject({ live: true, reasons: [] });
});

withClips.each(NOT_BLINKING)("%s, a clip without a blink, is only NO_BLINK", async (clip) => {
  expect(await judge(clip)).toMatchObject({ live: false, reasons: ["NO_BLINK"], blinks: [] });
});

withClips("two clips of different people do not verify each other", async () => {
  await faces.register("d18", { video: { path: `${FOLDER}/d18.mp4` } });
  const { decision, liveness } = await faces.verify("d18", {
    video: { path: `${FOLDER}/d0.mp4` },
  });
  expect([decision.kind, liveness.live]).toEqual(["no-match", true]);
});
