import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chdir, cwd } from "node:process";

import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";

import { openCountenance } from "../../src/countenance.js";
import { testClip } from "../clips.js";
import { ScriptedEngine } from "../fixtures/scripted-engine.js";
import { outcomeOf } from "./video-run.js";

const MISSING = "COUNTENANCE_VIDEO_DECODER_MISSING";

const folder = mkdtempSync(join(tmpdir(), "countenance-decoder-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

let clip: Buffer;
beforeAll(async () => {
  clip = await testClip({ seconds: 0.1 });
});

/** A program of the tests' own. */
function program(name: string, text: string, mode = 0o700): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

test("without ffmpeg the decoder is missing, and the message says how to get it", async () => {
  vi.stubEnv("FFMPEG_PATH", undefined);
  vi.stubEnv("PATH", folder);
  const { code, message } = await outcomeOf(clip);
  expect(code).toBe(MISSING);
  expect(message).toContain("install");
});

test("a program that is absent, none, or not to be run is no decoder", async () => {
  const notExecutable = program("not-executable", "#!/bin/sh\n", 0o600);
  const notThere = program("no-interpreter", "#!/no/such/interpreter\n");
  for (const ffmpegPath of [join(folder, "absent"), folder, notExecutable, notThere]) {
    expect((await outcomeOf(clip, { ffmpegPath })).code).toBe(MISSING);
  }
});

test("the option goes before FFMPEG_PATH, and that before PATH", async () => {
  vi.stubEnv("FFMPEG_PATH", join(folder, "absent"));
  expect((await outcomeOf(clip)).code).toBe(MISSING);
  vi.stubEnv("FFMPEG_PATH", "");
  expect((await outcomeOf(clip)).code).toBeUndefined();
  const broken = program("broken", "#!/bin/sh\nexit 1\n");
  expect((await outcomeOf(clip, { ffmpegPath: broken })).code).toBe("COUNTENANCE_VIDEO_UNREADABLE");
});

test("a relative path of the options is meant as it was when they were given", async () => {
  program("named", "#!/bin/sh\nexit 1\n");
  const before = cwd();
  chdir(folder);
  try {
    const video = { ffmpegPath: "named" };
    await using faces = await openCountenance({ engine: new ScriptedEngine(), video });
    chdir(before);
    await expect(faces.liveness.blink(clip)).rejects.toMatchObject({
      code: "COUNTENANCE_VIDEO_UNREADABLE", // it was run
    });
  } finally {
    chdir(before);
  }
});

test("a relative folder of PATH is no place for a decoder", async () => {
  vi.stubEnv("FFMPEG_PATH", undefined);
  vi.stubEnv("PATH", `.:::${"../".repeat(30)}usr/bin`);
  expect((await outcomeOf(clip)).code).toBe(MISSING);
});

test("no message holds a path", async () => {
  const { message } = await outcomeOf(clip, { ffmpegPath: join(folder, "ada-lovelace") });
  expect(message).not.toContain("lovelace");
});
