import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { videoFrames } from "../../src/liveness/video.js";
import { clipFrom, testClip } from "../clips.js";
import { bitFlips, encode, header, quadrants } from "../pictures.js";
import { children, outcomeOf } from "./video-run.js";

const UNREADABLE = "COUNTENANCE_VIDEO_UNREADABLE";
const TOO_LONG = "COUNTENANCE_VIDEO_TOO_LONG";

const folder = mkdtempSync(join(tmpdir(), "countenance-hostile-"));
const temporary = join(folder, "tmp");
const systemFolder = process.env["TMPDIR"];

/** One second each, with noise, so that there is something to damage. */
let mp4: Buffer;
let fastStart: Buffer;
let webm: Buffer;
beforeAll(async () => {
  const source = "testsrc2=s=64x48:r=30:d=1,noise=alls=30:allf=t";
  mp4 = await testClip({ source });
  fastStart = await clipFrom(mp4, { args: ["-movflags", "+faststart"] });
  webm = await testClip({ source, codec: "vp8", container: "webm" });
  mkdirSync(temporary);
  process.env["TMPDIR"] = temporary; // from here on everything temporary is ours
});
afterAll(() => {
  if (systemFolder === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = systemFolder;
  rmSync(folder, { recursive: true });
});

function file(name: string, content: Uint8Array | string): { readonly path: string } {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path };
}

describe("what is no MP4, MOV or WebM is unreadable before ffmpeg is even looked for", () => {
  const absent = { ffmpegPath: join(folder, "absent") };
  const texts: [string, string][] = [
    ["an HLS playlist", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"],
    ["a list for concat", "ffconcat version 1.0\nfile /etc/passwd\n"],
    ["a DASH manifest", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>'],
    ["an SVG", "<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>"],
    ["an AVI", "RIFF\u0010\0\0\0AVI LIST"],
    ["nothing", ""],
    ["too few bytes", "\0\0\0\u0018ftyp"],
    ["a box that is too small", "\0\0\0\u0008ftypisom"],
    ["a box that is too large", "\u0001\0\0\0ftypisom"],
  ];
  test.each(texts)("%s, from memory and from a file named .mp4", async (name, text) => {
    for (const input of [Buffer.from(text, "latin1"), file(`${name}.mp4`, text)]) {
      expect(await outcomeOf(input, absent)).toMatchObject({ code: UNREADABLE, frames: [] });
    }
  });

  test("pictures, AVIF and HEIC with their file type box too", async () => {
    const jpeg = await encode(quadrants(), "jpeg");
    const avif = await encode(quadrants(), "avif");
    for (const picture of [jpeg, avif, header("heic", "mif1"), header("avis", "avif")]) {
      expect((await outcomeOf(picture, absent)).code).toBe(UNREADABLE);
    }
  });

  test("a directory, a FIFO without writer, a device, a missing file and an empty one", async () => {
    const fifo = join(folder, "fifo");
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    const paths = [folder, fifo, "/dev/zero", join(folder, "missing.mp4"), file("empty", "").path];
    for (const path of paths) expect((await outcomeOf({ path }, absent)).code).toBe(UNREADABLE);
  });
});

test("a symbolic link leads to its file, once: what is opened is what is decoded", async () => {
  const { path } = file("linked.mp4", mp4);
  symlinkSync(path, join(folder, "link"));
  const frames = videoFrames({ path: join(folder, "link") });
  expect((await frames.next()).done).toBe(false);
  writeFileSync(join(folder, "other"), "not a video");
  rmSync(path);
  symlinkSync(join(folder, "other"), path);
  let count = 1;
  for await (const frame of frames) count += frame.image.channels / 3;
  expect(count).toBe(30);
});

test("a name that is an option or a protocol is a name", async () => {
  for (const name of ["-i", "concat:a|b", "%d.mp4", "pipe:0", "a'b\"c $(id).mp4"]) {
    expect((await outcomeOf(file(name, mp4))).frames).toHaveLength(30);
  }
});

describe("damage", () => {
  const cut = (clip: Buffer, percent: number) =>
    clip.subarray(0, Math.floor((clip.length * percent) / 100));

  test("a clip that is cut off is refused, wherever its index is", async () => {
    for (const clip of [mp4, fastStart, webm]) {
      for (const percent of [50, 99]) {
        expect((await outcomeOf(cut(clip, percent))).code).toBe(UNREADABLE);
      }
    }
    // What came before the cut was given: the caller learns at the end that it was not all.
    expect((await outcomeOf(cut(fastStart, 50))).frames.length).toBeGreaterThan(5);
  });

  test("random bytes behind a right beginning are refused", async () => {
    for (const clip of [mp4, webm]) {
      const bytes = Buffer.from(clip.subarray(0, 5000));
      for (let i = 12; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 24;
      expect((await outcomeOf(bytes)).code).toBe(UNREADABLE);
    }
  });

  test("whatever bit is flipped, the end is frames or a typed error", async () => {
    const seen = new Set<string | undefined>();
    for (const clip of [fastStart, webm]) {
      for (const flipped of bitFlips(clip.subarray(0, 2000), 6)) {
        const { code, frames } = await outcomeOf(Buffer.concat([flipped, clip.subarray(2000)]));
        seen.add(code);
        if (code === undefined) expect(frames.length).toBeGreaterThan(0);
      }
    }
    for (const code of seen) expect([undefined, UNREADABLE, TOO_LONG]).toContain(code);
  });
});

describe("what a clip may ask for", () => {
  test("a picture of 8000 x 8000 is refused", async () => {
    const clip = await testClip({ source: "color=s=8000x8000:r=30:d=0.03" });
    expect(await outcomeOf(clip)).toMatchObject({ code: UNREADABLE, frames: [] });
  });

  test("sound alone is no video, nor with a cover picture", async () => {
    const sound = await testClip({ source: "sine=d=0.5", container: "m4a", codec: "aac" });
    expect(await outcomeOf(sound)).toMatchObject({ code: UNREADABLE, frames: [] });
    const cover = await testClip({
      source: "testsrc2=s=64x48:d=0.04[out0];sine=d=0.5[out1]",
      codec: "mjpeg",
      args: ["-c:a", "aac", "-disposition:v", "attached_pic"],
    });
    expect(await outcomeOf(cover)).toMatchObject({ code: UNREADABLE, frames: [] });
  });

  test("a decoder that no phone or browser needs is not reached", async () => {
    const clip = await testClip({ codec: "mjpeg", container: "mov", seconds: 0.2 });
    expect(await outcomeOf(clip)).toMatchObject({ code: UNREADABLE, frames: [] });
  });

  test("a clip that lies about being endless is too long", async () => {
    // Matroska's element Duration: a float of 8 bytes, in milliseconds.
    const endless = Buffer.from(webm);
    const at = endless.indexOf(Buffer.from([0x44, 0x89, 0x88]));
    expect(at).toBeGreaterThan(0);
    endless.writeDoubleBE(1e12, at + 3);
    expect(await outcomeOf(endless)).toMatchObject({ code: TOO_LONG, frames: [] });
    endless.writeDoubleBE(1, at + 3);
    expect((await outcomeOf(endless)).frames).toHaveLength(30);
  });

  test("its own texts can neither be read in an error nor mistaken for ffmpeg's", async () => {
    const clip = await clipFrom(mp4, {
      args: ["-metadata", "title=ada lovelace", "-metadata", "comment=  Duration: 99:00:00.00,"],
    });
    expect((await outcomeOf(clip)).frames).toHaveLength(30);
    const cut = clip.subarray(0, -200);
    const error: unknown = await videoFrames(cut)
      .next()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: UNREADABLE });
    expect(inspect(error, { depth: 9 })).not.toContain("lovelace");
  });
});

test("a clip in memory is never under a name, not even while it is decoded", async () => {
  for await (const frame of videoFrames(webm)) {
    expect(readdirSync(temporary)).toEqual([]);
    expect(frame.image.channels).toBe(3);
  }
});

test("a folder for temporary files that is missing is our failure, not the clip's", async () => {
  process.env["TMPDIR"] = join(folder, "missing");
  expect((await outcomeOf(mp4)).code).toBe("COUNTENANCE_INTERNAL");
  process.env["TMPDIR"] = temporary;
});

test("no error holds the path, its cause included: whoever logs it logs a name", async () => {
  const frames = videoFrames({ path: join(folder, "ada-lovelace.mp4") });
  const error: unknown = await frames.next().catch((reason: unknown) => reason);
  expect(inspect(error, { depth: 9 })).not.toContain("lovelace");
  expect(error).toMatchObject({ cause: { code: "ENOENT" } });
});

test("nothing is left: no process, no temporary file", () => {
  expect(children()).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
});
