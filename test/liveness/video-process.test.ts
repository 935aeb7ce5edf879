import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { fileURLToPath } from "node:url";

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";

import { AbortedError, CountenanceError } from "../../src/errors.js";
import { decodeClip } from "../../src/liveness/decode-clip.js";
import { decodeLimits, startFfmpeg } from "../../src/liveness/ffmpeg.js";
import { videoFrames, type VideoFrame } from "../../src/liveness/video.js";
import { testClip } from "../clips.js";
import { children, isAlive, outcomeOf, runs } from "./video-run.js";

const UNREADABLE = "COUNTENANCE_VIDEO_UNREADABLE";
const TOO_LONG = "COUNTENANCE_VIDEO_TOO_LONG";
const BUSY = "COUNTENANCE_BUSY";
const ABORTED = "COUNTENANCE_ABORTED";

const folder = mkdtempSync(join(tmpdir(), "countenance-process-"));
afterAll(() => rmSync(folder, { recursive: true }));
// The rule of this file: whatever happened, nothing is left when a loop has ended.
afterEach(() => expect(children()).toEqual([]));

/** 2 seconds: too much for the pipes, so that ffmpeg is alive until its frames are taken. */
let clip: Buffer;
beforeAll(async () => {
  clip = await testClip({ size: "320x240", seconds: 2 });
});

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => "no error",
    (reason: unknown) => reason,
  );
  if (error instanceof CountenanceError) return error.code;
  throw new Error("expected a CountenanceError", { cause: error });
}

/** How many of 70 clips are let in to wait or run. */
async function room(): Promise<number> {
  const controller = new AbortController();
  const calls = Array.from({ length: 70 }, () =>
    outcomeOf(clip, { maxConcurrent: 1 }, controller.signal),
  );
  controller.abort();
  const codes = (await Promise.all(calls)).map(({ code }) => code);
  const busy = codes.filter((code) => code === BUSY).length;
  expect(codes.filter((code) => code === ABORTED)).toHaveLength(70 - busy);
  return 70 - busy;
}

describe("the end of a loop is the end of the decoder", () => {
  test("leaving it early", async () => {
    for await (const frame of videoFrames(clip)) {
      expect(children()).toHaveLength(1);
      if (frame.timestampMs > 100) break;
    }
  });

  test("an error in it", async () => {
    const boom = new Error("boom");
    const loop = async () => {
      for await (const frame of videoFrames(clip)) if (frame.timestampMs > 100) throw boom;
    };
    await expect(loop()).rejects.toBe(boom);
  });

  test("an abort before it: nothing is started", async () => {
    const reason = new Error("no more");
    const frames = videoFrames(clip, {}, AbortSignal.abort(reason));
    const error: unknown = await frames.next().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AbortedError);
    expect(error).toMatchObject({ code: ABORTED, cause: reason });
  });

  test("an abort within it kills at once, also while the loop works on a frame", async () => {
    const controller = new AbortController();
    const frames = videoFrames(clip, {}, controller.signal);
    await frames.next();
    expect(children()).toHaveLength(1);
    controller.abort();
    // Nobody has asked for a frame, and the decoder dies all the same.
    await vi.waitUntil(() => children().length === 0, { timeout: 30_000 });
    expect(await codeOf(frames.next())).toBe(ABORTED);
    expect((await frames.next()).done).toBe(true);
  });

  test("an abort gives back all that was held, also if nobody ever asks again", async () => {
    const controller = new AbortController();
    const path = join(folder, "abandoned.mp4");
    writeFileSync(path, clip);
    for (const input of [clip, { path }]) {
      await videoFrames(input, { maxConcurrent: 2 }, controller.signal).next();
    }
    controller.abort();
    expect(await room()).toBe(64);
    expect((await outcomeOf(clip, { maxConcurrent: 1 })).frames).toHaveLength(60);
  });

  test("an abort while a frame is awaited", async () => {
    const controller = new AbortController();
    const frames = videoFrames(clip, {}, controller.signal);
    const first = codeOf(frames.next());
    await vi.waitUntil(() => children().length === 1, { timeout: 30_000 });
    controller.abort();
    expect(await first).toBe(ABORTED);
  });

  test("an abort after it changes nothing, and no listener stays", async () => {
    const controller = new AbortController();
    const added = vi.spyOn(controller.signal, "addEventListener");
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    expect((await outcomeOf(clip, {}, controller.signal)).frames).toHaveLength(60);
    expect(removed.mock.calls.length).toBeGreaterThanOrEqual(added.mock.calls.length);
    expect(process.listeners("exit").map(({ name }) => name)).not.toContain("killAll");
    controller.abort();
  });
});

describe("how many at once", () => {
  test("as many clips as maxConcurrent says are decoded, the others wait their turn", async () => {
    let most = 0;
    const one = async () => {
      let count = 0;
      for await (const frame of videoFrames(clip, { maxConcurrent: 1 })) {
        if (count++ % 20 === 0) most = Math.max(most, children().length);
        expect(frame.image.width).toBe(320);
      }
      return count;
    };
    expect(await Promise.all(Array.from({ length: 6 }, one))).toEqual(Array(6).fill(60));
    expect(most).toBe(1);
  });

  test("64 may wait or run; the next is busy, and those that have ended make room", async () => {
    expect(await room()).toBe(64);
    expect((await outcomeOf(clip)).code).toBeUndefined();
  });

  test("what needs no decoder to be refused does not wait for one", async () => {
    const holding = videoFrames(clip, { maxConcurrent: 1 });
    await holding.next();
    const junk = join(folder, "junk.mp4");
    writeFileSync(junk, "no video");
    const code = async (input: Uint8Array | { path: string }, maxBytes = clip.length) =>
      (await outcomeOf(input, { maxConcurrent: 1, maxBytes })).code;
    expect(await code(clip, clip.length - 1)).toBe(TOO_LONG);
    expect(await code(Buffer.from("no video"))).toBe(UNREADABLE);
    expect(await code({ path: junk })).toBe(UNREADABLE);
    expect(await code({ path: junk }, 7)).toBe(TOO_LONG);
    await holding.return(undefined);
  });

  test("of clips that wait in memory 256 MiB are held; one alone may have more", async () => {
    const large = new Uint8Array(257 * 1024 * 1024);
    const alone = outcomeOf(large, { maxBytes: large.length });
    expect((await outcomeOf(clip)).code).toBe(BUSY);
    expect((await alone).code).toBe(UNREADABLE);
    expect((await outcomeOf(clip)).code).toBeUndefined();
  });
});

describe("a decoder that misbehaves", () => {
  const picture = "printf 'P6\\n1 1\\n255\\nabc'";
  const time = (i: number) => `printf 'frame:${String(i)} pts:${String(i)}00000 x\\nk=1\\n' >&4`;

  function program(text: string): string {
    const path = join(folder, `program-${String(readdirSync(folder).length)}`);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o700);
    return path;
  }

  /** The frames of a program in ffmpeg's place. */
  async function framesOf(text: string, limits: Partial<ReturnType<typeof decodeLimits>> = {}) {
    const path = join(folder, "clip.mp4");
    writeFileSync(path, clip);
    const file = await open(path);
    const all = { ...decodeLimits(1000), ...limits };
    const frames: VideoFrame[] = [];
    try {
      const decoder = startFfmpeg(program(text), file.fd, "mov", all);
      for await (const frame of decodeClip(decoder, all, new AbortController().signal))
        frames.push(frame);
    } finally {
      await file.close();
    }
    return frames;
  }

  test("one that writes what we ask for is believed", async () => {
    const frames = await framesOf(`${time(0)}; ${picture}; ${time(1)}; ${picture}`);
    expect(frames.map(({ timestampMs }) => timestampMs)).toEqual([0, 100]);
    expect(frames[0]?.image).toEqual({
      data: Uint8Array.from(Buffer.from("abc")),
      width: 1,
      height: 1,
      channels: 3,
    });
  });

  test("its cage: limits, environment, folder, descriptors, group and every flag", async () => {
    const flags = [
      "-nostdin",
      "-xerror",
      "-protocol_whitelist file -f mov -codec_whitelist h264,",
      "-threads 1 -max_pixels 9000000 -max_alloc 134217728 -t 2 -i /dev/fd/3 -map 0:V:0 -an -sn -dn",
      "-frames:v 121 -f image2pipe",
    ];
    const checks = [
      '[ "$(ulimit -t)" = 7 ]',
      '[ "$(ulimit -f)" = 0 ]',
      '[ "$(ulimit -n)" = 16 ]',
      '[ "$(ulimit -c)" = 0 ]',
      '[ "$(ulimit -v)" = 1572864 ]',
      '[ -z "$(/usr/bin/env | /bin/grep -vE "^(PWD|OLDPWD|SHLVL|_)=")" ]',
      '[ "$PWD" = / ]',
      "[ ! -e /proc/self/fd/5 ]",
      '[ "$(/usr/bin/cut -d " " -f 5 /proc/$$/stat)" = $$ ]', // leader of its group
      ...flags.map((flag) => `case " $* " in *" ${flag}"*) ;; *) false ;; esac`),
    ];
    expect(await framesOf(`${checks.join(" &&\n")} && ${time(0)} && ${picture}`)).toHaveLength(1);
  });

  test.each([
    ["garbage", "while :; do echo garbage; done"],
    ["a line without end", "while :; do printf garbage; done"],
    ["a picture of no size", "printf 'P6\\n0 1\\n255\\n'; exec /bin/sleep 1000"],
    ["a picture larger than asked for", "printf 'P6\\n1281 1\\n255\\n'; exec /bin/sleep 1000"],
    ["a grey picture", "printf 'P5\\n1 1\\n255\\na'; exec /bin/sleep 1000"],
    ["a picture without a time", `exec 4>&-; ${picture}; exec /bin/sleep 1000`],
    ["a time that is none", `echo 'frame:0 pts:NOPTS x' >&4; ${picture}; exec /bin/sleep 1000`],
    ["half a picture", `${time(0)}; printf 'P6\\n2 2\\n255\\nabc'`],
    ["half a header", `${time(0)}; printf 'P6\\n2'`],
    ["nothing", "exit 0"],
    ["nothing but an error", "exit 1"],
    ["a picture and an error", `${time(0)}; ${picture}; exit 69`],
    ["a picture, and it crashes", `${time(0)}; ${picture}; kill -SEGV $$`],
  ])("%s is unreadable", async (_name, text) => {
    expect(await codeOf(framesOf(text))).toBe(UNREADABLE);
  });

  test("pictures without end are too long", async () => {
    const endless = `i=0; while :; do echo "frame:$i pts:$i x\nk=1" >&4; ${picture}; i=$((i+1)); done`;
    expect(await codeOf(framesOf(endless))).toBe(TOO_LONG);
  });

  test("one that hangs is killed when the patience is over, before or after its last picture", async () => {
    const hangs = "exec /bin/sleep 1000";
    for (const text of [hangs, `${time(0)}; ${picture}; ${hangs}`, `exec >&-; ${hangs}`]) {
      expect(await codeOf(framesOf(text, { waitMs: 200 }))).toBe(UNREADABLE);
    }
  });

  test("one that computes without end is killed by the system", async () => {
    expect(await codeOf(framesOf("while :; do :; done", { cpuSeconds: 1 }))).toBe(UNREADABLE);
  });

  test("what it has started dies with it, when it is killed and when it ends", async () => {
    // Nobody else's: other programs of this machine may sleep too.
    const [first, second] = [`1${String(process.pid)}1`, `1${String(process.pid)}2`] as const;
    const killed = framesOf(`/bin/sleep ${first} & exec /bin/sleep 1000`, { waitMs: 200 });
    expect(await codeOf(killed)).toBe(UNREADABLE);
    expect(await framesOf(`/bin/sleep ${second} & ${time(0)}; ${picture}`)).toHaveLength(1);
    await vi.waitUntil(() => !runs(first) && !runs(second), { timeout: 30_000 });
  });

  test("once it is gone nothing is killed: its id may be another process's", async () => {
    const killed = vi.spyOn(process, "kill");
    await framesOf(`${time(0)}; ${picture}`);
    expect(killed).toHaveBeenCalledTimes(1); // as it ends: what it may have left
    killed.mockRestore();
  });

  test("a system that cannot limit it does not run it", async () => {
    const limits = { cpuSeconds: -1 };
    expect(await codeOf(framesOf(`${time(0)}; ${picture}`, limits))).toBe("COUNTENANCE_INTERNAL");
  });
});

test("the decoder waits for a slow loop: no more than a few frames are read ahead", async () => {
  const frame = Buffer.concat([Buffer.from("P6\n640 480\n255\n"), Buffer.alloc(640 * 480 * 3)]);
  let made = 0;
  const timestamps = new PassThrough();
  const pictures = Readable.from(
    (function* () {
      for (; made < 50; made++) {
        timestamps.write(`frame:${String(made)} pts:${String(made)}00000 x\nk=1\n`);
        yield frame;
      }
    })(),
    { objectMode: false },
  );
  const decoder = {
    pictures,
    timestamps,
    kill: () => pictures.destroy(),
    failure: undefined,
    ended: () => Promise.resolve(),
  };
  const { signal } = new AbortController();
  let taken = 0;
  for await (const { image } of decodeClip(decoder, decodeLimits(10_000), signal)) {
    expect(image.width).toBe(640);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    // Two asked for, one in the stream's own buffer.
    expect(made - ++taken).toBeLessThanOrEqual(4);
  }
  expect(taken).toBe(50);
});

test("without file descriptors for a decoder a clip fails by itself, and later ones do not", () => {
  const path = join(folder, "few.mp4");
  writeFileSync(path, clip);
  const program = fileURLToPath(
    new URL("../fixtures/programs/video-without-descriptors.mjs", import.meta.url),
  );
  const command = ["-c", 'ulimit -n 64; exec "$0" "$@"', process.execPath, program, path];
  const { stdout, stderr } = spawnSync("bash", command, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ without: "COUNTENANCE_INTERNAL", later: 60 });
});

describe("the end of the process", () => {
  const temporary = join(folder, "tmp");
  beforeAll(() => mkdirSync(temporary));

  test.each(["exit", "throw", "terminate", "kill"])("by %s ends the decoder too", async (how) => {
    const path = join(folder, "long.mp4");
    writeFileSync(path, clip);
    const program = fileURLToPath(
      new URL("../fixtures/programs/exit-during-video.mjs", import.meta.url),
    );
    const child = spawn(process.execPath, [program, how, path], {
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, TMPDIR: temporary },
    });
    const ended = once(child, "exit");
    let output = "";
    child.stdout.on("data", (text: Buffer) => (output += text.toString()));
    await vi.waitUntil(() => output.includes("\n"), { timeout: 50_000 });
    const pid = Number(output);
    expect(pid).toBeGreaterThan(0);
    if (how === "kill") child.kill("SIGKILL");
    await Promise.all([ended, vi.waitUntil(() => !isAlive(pid), { timeout: 50_000 })]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
