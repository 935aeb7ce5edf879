import { existsSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Countenance, openCountenance } from "../../src/countenance.js";
import { packageRoot } from "../../src/internal/native.js";

const FOLDER = join(packageRoot(), "..", "shared", "data", "blink");

let faces: Countenance;
beforeAll(async () => {
  faces = await openCountenance();
});
afterAll(() => faces.close());

// Without the folder there are no real clips: they are not ours to publish. These are short ones, so
// that the suite stays short; the bench of liveness takes all of them.
const withClips = test.skipIf(!existsSync(FOLDER));
const clip = (name: string) => ({ path: `${FOLDER}/${name}.mp4` });

withClips("a clip of a person who blinks registers her, and another's is no match", async () => {
  const { liveness } = await faces.register("s13", { video: clip("s13") });
  expect(liveness).toMatchObject({ live: true, reasons: [] });
  const verification = await faces.verify("s13", { video: clip("d0") });
  expect(verification).toMatchObject({ decision: { kind: "no-match" }, liveness: { live: true } });
});

withClips("a clip of a person who does not blink is only NO_BLINK", async () => {
  const result = await faces.liveness.blink(clip("d20"));
  expect(result).toMatchObject({ live: false, reasons: ["NO_BLINK"], blinks: [] });
});
