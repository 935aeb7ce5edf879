import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Countenance, openCountenance } from "../../src/countenance.js";
import type { VideoProbe } from "../../src/intake.js";
import { NotLiveError } from "../../src/liveness/not-live-error.js";
import type { TrackedFrame } from "../../src/liveness/tracked-frame.js";
import type { Probe } from "../../src/probe.js";
import { clipOf } from "../fixtures/scripted-clips.js";
import { pictureOf, ScriptedEngine } from "../fixtures/scripted-engine.js";
import { take, without } from "../fixtures/takes.js";

const [ADA, BEN] = [1, 2] as const;
const failure = (code: string): unknown => expect.objectContaining({ code });
const clip = (person: number) => video(take({ person, blinksAtMs: [1200] }));
const still = (person: number) => video(take({ person }));
const video = (frames: readonly TrackedFrame[]) => ({ video: clipOf(frames) });

let faces: Countenance;
beforeEach(async () => {
  faces = await openCountenance({ engine: new ScriptedEngine() });
});
afterEach(() => faces.close());

describe("register by video", () => {
  test("keeps the best frame's face, which verifies by photo and by video", async () => {
    const { faceIds, faces: found, liveness } = await faces.register("ada", clip(ADA));
    expect(liveness).toMatchObject({ live: true, reasons: [] });
    expect([faceIds.length, found.length]).toEqual([1, 1]);
    expect((await faces.verify("ada", pictureOf(ADA))).decision.kind).toBe("match");
    expect((await faces.verify("ada", clip(ADA))).decision.kind).toBe("match");
  });

  test("of a face that does not blink is NOT_LIVE with its reason, and nothing is stored", async () => {
    const registering = faces.register("ada", still(ADA), { gallery: "staff" });
    await expect(registering).rejects.toEqual(failure("COUNTENANCE_NOT_LIVE"));
    const again = faces.register("ada", still(ADA));
    await expect(again).rejects.toBeInstanceOf(NotLiveError);
    await expect(again).rejects.toMatchObject({ reasons: ["NO_BLINK"], nearMisses: [] });
    expect(await faces.subjects.get("ada")).toBeUndefined();
    expect(await faces.galleries.has("staff", "ada").catch(() => false)).toBe(false);
  });

  test("that shows no face is NOT_LIVE, not NO_FACE: it is the clip that is refused", async () => {
    const empty = video(without(take(), 0, 9999));
    await expect(faces.register("ada", empty)).rejects.toEqual(failure("COUNTENANCE_NOT_LIVE"));
  });

  test("adds to a subject only a face that is like its others", async () => {
    await faces.register("ada", pictureOf(ADA));
    await faces.register("ada", clip(ADA), { ifExists: "add" });
    await faces.subjects.addFaces("ada", clip(ADA));
    expect((await faces.subjects.get("ada"))?.faces).toHaveLength(3);
    const adding = faces.subjects.addFaces("ada", clip(BEN));
    await expect(adding).rejects.toEqual(failure("COUNTENANCE_FACE_MISMATCH"));
  });

  test("adds to a subject by the limits that the call says", async () => {
    await faces.register("ada", pictureOf(ADA));
    const long = faces.subjects.addFaces("ada", clip(ADA), { maxDurationMs: 1000 });
    await expect(long).rejects.toEqual(failure("COUNTENANCE_VIDEO_TOO_LONG"));
    await faces.subjects.addFaces("ada", clip(ADA), { maxDurationMs: 20_000, strict: true });
    expect((await faces.subjects.get("ada"))?.faces).toHaveLength(2);
  });

  test("works among many, and one that is not live stops no other", async () => {
    const items = [
      { subjectId: "ada", images: clip(ADA) },
      { subjectId: "ben", images: still(BEN) },
    ];
    const results = [];
    for await (const result of faces.registerMany(items)) results.push(result);
    expect(results.sort((a, b) => a.index - b.index)).toMatchObject([
      { ok: true, registration: { subjectId: "ada", liveness: { live: true } } },
      { ok: false, error: { code: "COUNTENANCE_NOT_LIVE" } },
    ]);
  });

  test("of a taken id throws SUBJECT_EXISTS without looking to the end of the clip", async () => {
    await faces.register("ada", pictureOf(ADA));
    let given = 0;
    async function* counted() {
      for await (const frame of clipOf(take({ durationMs: 9000 }))) {
        given++;
        yield frame;
      }
    }
    const registering = faces.register("ada", { video: counted() });
    await expect(registering).rejects.toEqual(failure("COUNTENANCE_SUBJECT_EXISTS"));
    expect(given).toBeLessThan(270);
  });

  test("of pictures tells no liveness", async () => {
    expect((await faces.register("ada", pictureOf(ADA))).liveness).toBeUndefined();
  });
});

describe("verify by video", () => {
  beforeEach(async () => {
    await faces.register("ada", pictureOf(ADA));
  });

  test("matches the person who blinks, and tells how it was judged", async () => {
    const { decision, distance, comparisons, face, liveness } = await faces.verify(
      "ada",
      clip(ADA),
    );
    expect(decision).toMatchObject({ kind: "match", candidate: { subjectId: "ada", distance } });
    expect([comparisons, liveness.live]).toEqual([1, true]);
    expect(face?.template).toBeDefined();
  });

  test("is no match for somebody else who blinks", async () => {
    const { decision, liveness } = await faces.verify("ada", clip(BEN));
    expect([decision.kind, liveness.live]).toEqual(["no-match", true]);
  });

  test("is not-live for the right face that does not blink, and tells the distance", async () => {
    const { decision, distance, threshold } = await faces.verify("ada", still(ADA));
    expect(decision).toEqual({ kind: "not-live", reasons: ["NO_BLINK"] });
    expect(distance).toBeLessThan(threshold ?? NaN);
  });

  test("is not-live without a distance where no frame shows a face", async () => {
    const empty = video(without(take(), 0, 9999));
    expect(await faces.verify("ada", empty)).toMatchObject({
      decision: { kind: "not-live", reasons: ["NO_FACE"] },
      distance: undefined,
      fmr: undefined,
      threshold: undefined,
      comparisons: 0,
      face: undefined,
    });
  });

  test("takes what may be a picture or a video, and answers by what it was", async () => {
    const probes: readonly (Probe | VideoProbe)[] = [pictureOf(ADA), clip(ADA)];
    const answers = await Promise.all(probes.map((probe) => faces.verify("ada", probe)));
    expect(answers.map(({ decision }) => decision.kind)).toEqual(["match", "match"]);
    expect(answers.map((answer) => "liveness" in answer)).toEqual([false, true]);
  });

  test("takes the threshold that the call says", async () => {
    const { decision, threshold } = await faces.verify("ada", clip(ADA), { maxDistance: 0 });
    expect([decision.kind, threshold]).toEqual(["no-match", 0]);
    expect((await faces.verify("ada", clip(ADA), { fmr: 1e-4 })).decision.kind).toBe("match");
  });

  test("of an unknown subject throws SUBJECT_NOT_FOUND", async () => {
    const verifying = faces.verify("nobody", clip(ADA));
    await expect(verifying).rejects.toEqual(failure("COUNTENANCE_SUBJECT_NOT_FOUND"));
  });

  describe("of a subject that changes while the clip is judged", () => {
    /** Ada's clip, at whose end something else happens. */
    const changing = (change: () => Promise<unknown>) => ({
      video: (async function* () {
        yield* clip(ADA).video;
        await change();
      })(),
    });

    test("throws SUBJECT_NOT_FOUND when it was deleted", async () => {
      const verifying = faces.verify(
        "ada",
        changing(() => faces.subjects.delete("ada")),
      );
      await expect(verifying).rejects.toEqual(failure("COUNTENANCE_SUBJECT_NOT_FOUND"));
    });

    test("compares with what it is in the end", async () => {
      const replaced = changing(() =>
        faces.register("ada", pictureOf(BEN), { ifExists: "replace" }),
      );
      expect((await faces.verify("ada", replaced)).decision.kind).toBe("no-match");
    });
  });

  test("takes its own maxDurationMs", async () => {
    const verifying = faces.verify("ada", clip(ADA), { maxDurationMs: 1000 });
    await expect(verifying).rejects.toEqual(failure("COUNTENANCE_VIDEO_TOO_LONG"));
  });
});

test("neither a registration nor a verification holds the person's picture", async () => {
  const registered = await faces.register("ada", clip(ADA));
  const verified = await faces.verify("ada", clip(ADA));
  for (const { liveness } of [registered, verified]) {
    expect(Object.keys(liveness ?? {})).toEqual(["live", "blinks", "nearMisses", "reasons"]);
  }
});

describe("a video stands alone", () => {
  const invalid = failure("COUNTENANCE_INVALID_ARGUMENT");

  test.each([
    ["with a path beside it", { ...clip(ADA), path: "face.jpg" }],
    ["with pixels beside it", { ...clip(ADA), data: new Uint8Array(3) }],
    ["in a list", [clip(ADA)]],
    ["among pictures", [pictureOf(ADA), clip(ADA)]],
    ["that is missing", { video: undefined }],
    ["that is none", { video: 7 }],
  ])("%s is refused", async (_what, images) => {
    // As a JavaScript caller may.
    await expect(faces.register("ada", images as unknown as { video: Uint8Array })).rejects.toEqual(
      invalid,
    );
    if (Array.isArray(images)) return;
    await faces.register("bea", pictureOf(ADA), { ifExists: "replace" });
    await expect(faces.verify("bea", images as unknown as { video: Uint8Array })).rejects.toEqual(
      invalid,
    );
  });

  test.each([{ strict: true }, { maxDurationMs: 5000 }])(
    "and %j without a video is refused: it would not be followed",
    async (options) => {
      await expect(faces.register("ada", pictureOf(ADA), options)).rejects.toEqual(invalid);
      await faces.register("ada", pictureOf(ADA));
      const verifying = faces.verify("ada", pictureOf(ADA), options as object);
      await expect(verifying).rejects.toEqual(invalid);
      const adding = faces.subjects.addFaces("ada", pictureOf(ADA), options);
      await expect(adding).rejects.toEqual(invalid);
    },
  );
});
