import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Countenance, openCountenance } from "../../src/countenance.js";
import type { Challenge } from "../../src/liveness/challenge.js";
import { claimsInMemory } from "../../src/liveness/challenge-claims.js";
import type { VideoFrame } from "../../src/liveness/video.js";
import { clipOf } from "../fixtures/scripted-clips.js";
import { ScriptedEngine } from "../fixtures/scripted-engine.js";
import { PoseClip } from "./pose-clip.js";

const failure = (code: string): unknown => expect.objectContaining({ code });
const ADA = 1;
const TURNS = { steps: 2, actions: ["turn-left", "turn-right"] } as const;

let engine: ScriptedEngine;
let faces: Countenance;
beforeEach(async () => {
  engine = new ScriptedEngine();
  faces = await openCountenance({ engine });
});
afterEach(() => faces.close());

/** Somebody who does the steps of TURNS. */
function done({ steps }: Challenge): AsyncGenerator<VideoFrame> {
  const clip = new PoseClip().as(engine.templateOf(ADA)).still(1500);
  for (const { action } of steps) clip.move({ yaw: action === "turn-left" ? 30 : -30 }).still(500);
  return clipOf(clip.frames);
}

test("a challenge that is done gives the template to verify with", async () => {
  await faces.register("ada", engine.templateOf(ADA, 5));
  const challenge = faces.liveness.challenge(TURNS);
  const result = await challenge.judge(done(challenge));
  expect(result.state).toBe("SUCCEEDED");
  if (result.state !== "SUCCEEDED") return;
  expect((await faces.verify("ada", result.template)).decision.kind).toBe("match");
  expect(result.bestFrame.template).toBe(result.template);
});

test("a challenge goes on, on another server, and is judged once by both of them", async () => {
  const challenge = { key: new Uint8Array(32).fill(3), claim: claimsInMemory(Date.now) };
  await using here = await openCountenance({ engine, challenge });
  await using there = await openCountenance({ engine, challenge });
  const text = here.liveness.challenge(TURNS).serialize();
  const opened = there.liveness.openChallenge(text);
  expect((await opened.judge(done(opened))).state).toBe("SUCCEEDED");
  const again = here.liveness.openChallenge(text);
  await expect(again.judge(done(again))).rejects.toEqual(failure("COUNTENANCE_CHALLENGE_USED"));
});

test("without a key of the host's no other server opens it", async () => {
  await using other = await openCountenance({ engine });
  const text = faces.liveness.challenge().serialize();
  expect(() => other.liveness.openChallenge(text)).toThrow(
    expect.objectContaining({ code: "COUNTENANCE_INVALID_ARGUMENT" }),
  );
});

test("a setup that cannot work is refused when countenance opens", async () => {
  const opening = openCountenance({ engine, challenge: { key: new Uint8Array(16) } });
  await expect(opening).rejects.toEqual(failure("COUNTENANCE_INVALID_ARGUMENT"));
});

describe("an error is no verdict", () => {
  test("bytes that are no video, and a clip that is too long", async () => {
    const challenge = faces.liveness.challenge({ ...TURNS, stepMs: 3000 });
    const noise = new Uint8Array(1000).fill(7);
    await expect(challenge.judge(noise)).rejects.toEqual(failure("COUNTENANCE_VIDEO_UNREADABLE"));
    const long = clipOf(new PoseClip().as(engine.templateOf(ADA)).still(15_000).frames);
    await expect(challenge.judge(long)).rejects.toEqual(failure("COUNTENANCE_VIDEO_TOO_LONG"));
    expect(challenge.state).toBe("CREATED");
    expect((await challenge.judge(done(challenge))).state).toBe("SUCCEEDED");
  });

  test("closing ends a judge, and the challenge can be judged elsewhere", async () => {
    const challenge = { key: new Uint8Array(32).fill(3), claim: claimsInMemory(Date.now) };
    const closing = await openCountenance({ engine, challenge });
    const made = closing.liveness.challenge(TURNS);
    const judging = made.judge(done(made));
    const refused = expect(judging).rejects.toEqual(failure("COUNTENANCE_STORE_CLOSED"));
    await closing.close();
    await refused;
    await using other = await openCountenance({ engine, challenge });
    const opened = other.liveness.openChallenge(made.serialize());
    expect((await opened.judge(done(opened))).state).toBe("SUCCEEDED");
  });
});
