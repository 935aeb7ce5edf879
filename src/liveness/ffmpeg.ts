import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

import { CountenanceError } from "../errors.js";
import { decoderMissing } from "./find-ffmpeg.js";
import type { VideoFormat } from "./video-format.js";

/**
 * The longer side of the frames, in pixels; larger ones are scaled down by ffmpeg, smaller ones are
 * left as they are. A selfie in 1280 x 720 has some 100 pixels between the eyes, the landmark networks
 * see 192 x 192 of the face, and a frame of 4K would take nine times the memory and the copying.
 */
export const MAX_SIDE = 1280;

/** 4096 x 2160 is 8.8 million. */
const MAX_PIXELS = 9_000_000;

/** The largest thing that ffmpeg may allocate at once: a packet of a clip of 64 MiB, with room. */
const MAX_ALLOC_BYTES = 128 * 1024 * 1024;

/**
 * Address space, in KiB. Debian's ffmpeg has 310 MiB of libraries; the worst clip that decodes here
 * (H.264, 4096 x 2160, 10 bits, 4:4:4, 16 reference frames) needs 1 GiB. Newer ones reserve more, for
 * the stacks and heaps of a few threads.
 */
const ADDRESS_SPACE_KIB = 1536 * 1024;

/** Standard streams, the clip, the timestamps; some for the libraries. */
const MAX_FILES = 16;

/**
 * What phones, cameras and browsers record. ffmpeg has some 400 decoders, and a file may ask for any:
 * the others are code that a hostile clip shall not reach.
 */
const DECODERS = "h264,hevc,vp8,vp9,av1,libdav1d,libaom-av1,mpeg4";

/** What a shell says when it cannot run a program (POSIX), and what ours says for a failed ulimit. */
const CANNOT_RUN = [126, 127];
const CANNOT_LIMIT = 125;

/** Longer than any line of the log that we look for. */
const LOG_WINDOW = 4096;

export interface DecodeLimits {
  readonly maxDurationMs: number;
  /** One frame more is decoded, so that it is seen. */
  readonly maxFrames: number;
  readonly cpuSeconds: number;
  /** How long all waiting for output may take. */
  readonly waitMs: number;
}

/** What a clip of this length may cost. */
export function decodeLimits(maxDurationMs: number): DecodeLimits {
  const seconds = maxDurationMs / 1000;
  // 4K HEVC of 10 bits takes one thread here about 1 s a second; a server may be slower.
  const cpuSeconds = Math.ceil(5 + 2 * seconds);
  return {
    maxDurationMs,
    // Phones record 30 or 60 a second; 60 for the first frame and what -t leaves beyond the end.
    maxFrames: Math.ceil(60 * seconds) + 60,
    cpuSeconds,
    waitMs: 2000 * cpuSeconds,
  };
}

/** A running ffmpeg. It writes into pipes that are read when the reader likes: nothing piles up. */
export interface Decoder {
  /** Pictures in PPM, one after the other. */
  readonly pictures: Readable;
  /** A line with the timestamp, and one without meaning, for each picture and before it. */
  readonly timestamps: Readable;
  /**
   * Kills it at once, with whatever it started, and keeps the error: the first one counts. Without an
   * error it is killed because nobody wants more.
   */
  kill(error?: Error): void;
  /** Why it was killed. */
  readonly failure: Error | undefined;
  /**
   * Waits for its end.
   * @throws {CountenanceError} `COUNTENANCE_VIDEO_UNREADABLE` unless it ended well, and
   *   `COUNTENANCE_VIDEO_DECODER_MISSING` when it has not even begun.
   */
  ended(): Promise<void>;
}

/** Those that run now: they shall not outlive us. */
const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) killGroup(child);
}

/**
 * Starts ffmpeg in a cage: no input but the open file, an empty environment, a process group of its
 * own; limits on memory, CPU time, files and their size (none may be written), no core dump.
 * @param program  Absolute path.
 * @param file  Descriptor of the clip; it may be closed when this returns.
 */
export function startFfmpeg(
  program: string,
  file: number,
  format: VideoFormat,
  limits: DecodeLimits,
): Decoder {
  const child = spawnCaged(program, file, format, limits);
  const ended = new Promise<{ readonly code: number | null; readonly error: Error | undefined }>(
    (resolve) => {
      const end = (code: number | null, error?: Error) => {
        killGroup(child); // what it may have left
        running.delete(child);
        if (running.size === 0) process.off("exit", killAll);
        resolve({ code, error });
      };
      child.once("exit", (code) => end(code));
      // It was not started, and there will be no "exit".
      child.once("error", (error) => end(null, error));
    },
  );
  if (running.size === 0) process.on("exit", killAll);
  running.add(child);

  // Typed as always there; without file descriptors Node makes none.
  const { stdio }: Partial<ChildProcess> = child;
  const streams: Partial<ChildProcess["stdio"]> = stdio ?? [];
  let failure: Error | undefined;
  const kill = (error?: Error) => {
    failure ??= error;
    killGroup(child);
    for (const stream of streams) stream?.destroy();
  };
  // Whoever reads is told of an error; who does not must not crash the host by it.
  for (const stream of streams) stream?.on("error", () => undefined);
  const log = new Log();
  child.stderr?.setEncoding("latin1").on("data", (text: string) => {
    log.add(text);
    // As -t: what is barely longer shows by its frames.
    if (log.statedMs > limits.maxDurationMs + 1000) kill(tooLong(limits));
  });
  const logged = new Promise((resolve) => child.stderr?.once("close", resolve));
  return {
    pictures: readable(streams[1]),
    timestamps: readable(streams[4]),
    kill,
    get failure() {
      return failure;
    },
    async ended() {
      const { code, error } = await ended;
      if (error === undefined) await logged;
      if (failure !== undefined) throw failure;
      if (code === 0 && !log.endsEarly) return;
      throw error === undefined ? exitError(code, log) : startError(error);
    },
  };
}

export function tooLong({ maxDurationMs, maxFrames }: DecodeLimits): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_VIDEO_TOO_LONG",
    `video: expected at most ${String(maxDurationMs)} ms and ${String(maxFrames)} frames, got more`,
  );
}

export function unreadable(got: string): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_VIDEO_UNREADABLE",
    `video: expected a whole clip of H.264, HEVC, VP8, VP9, AV1 or MPEG-4, got ${got}`,
  );
}

function spawnCaged(
  program: string,
  file: number,
  format: VideoFormat,
  { maxDurationMs, maxFrames, cpuSeconds }: DecodeLimits,
): ChildProcess {
  const limits = [
    `-t ${String(cpuSeconds)}`,
    "-f 0",
    `-n ${String(MAX_FILES)}`,
    "-c 0",
    // macOS has no limit on address space.
    ...(process.platform === "darwin" ? [] : [`-v ${String(ADDRESS_SPACE_KIB)}`]),
  ];
  const set = limits.map((limit) => `ulimit ${limit}`).join(" && ");
  const caged = `${set} || exit ${String(CANNOT_LIMIT)}; exec "$0" "$@"`;
  const args = ffmpegArguments(format, (maxDurationMs + 1000) / 1000, maxFrames + 1);
  try {
    return spawn("/bin/sh", ["-c", caged, program, ...args], {
      stdio: ["ignore", "pipe", "pipe", file, "pipe"],
      env: {},
      cwd: "/",
      detached: true, // a process group of its own
    });
  } catch (error) {
    throw startError(error);
  }
}

function ffmpegArguments(format: VideoFormat, seconds: number, frames: number): string[] {
  const side = String(MAX_SIDE);
  const filters = [
    // Timestamps go beside the pictures, in microseconds, before anything may change them ...
    "settb=1/1000000",
    "metadata=add:key=countenance:value=1",
    "metadata=print:key=countenance:file='pipe\\:4':direct=1",
    `scale=w='if(gte(iw,ih),min(iw,${side}),-1)':h='if(gte(iw,ih),-1,min(ih,${side}))'`,
    // In two steps: both at once take twice the time.
    "format=yuv420p",
    "scale",
    "format=rgb24",
    // ... and then are made even, so that no version of ffmpeg drops or doubles a picture for its time.
    // The flag against that is -vsync up to 8, and -fps_mode from 5.1. When the size of the pictures
    // changes, ffmpeg counts from 0 again and drops some: such a clip is refused (frame-reader.ts).
    "settb=1/25",
    "setpts=N",
  ];
  return [
    ["-nostdin", "-hide_banner", "-nostats", "-v", "info"],
    // A damaged or truncated clip is an error, not what could be saved of it.
    ["-xerror"],
    ["-protocol_whitelist", "file", "-f", format, "-codec_whitelist", DECODERS],
    ["-threads", "1", "-max_pixels", String(MAX_PIXELS), "-max_alloc", String(MAX_ALLOC_BYTES)],
    ["-t", String(seconds), "-i", "/dev/fd/3"],
    // V: the first video that is no cover picture.
    ["-map", "0:V:0", "-an", "-sn", "-dn", "-filter_threads", "1", "-vf", filters.join(",")],
    ["-r", "25", "-frames:v", String(frames)],
    ["-f", "image2pipe", "-c:v", "ppm", "-threads", "1", "-flush_packets", "1", "pipe:1"],
  ].flat();
}

/** Nothing once it has ended: its id may be another process's by then. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || !running.has(child)) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // ESRCH: there is no such group any more, which is what is wanted.
  }
}

/** A pipe of the child; there is none if it could not be started. */
function readable(stream: Readable | Writable | null | undefined): Readable {
  if (stream === null || stream === undefined || !("read" in stream)) {
    throw new CountenanceError(
      "COUNTENANCE_INTERNAL",
      "video: ffmpeg got no pipes: this process may have too many open files",
    );
  }
  return stream;
}

/**
 * What ffmpeg says about the clip. A clip may hold any text, and ffmpeg prints some of it: it can make
 * us refuse that clip, and nothing else.
 */
class Log {
  /** How long the container states to be, in milliseconds; 0 as long as it states nothing. */
  statedMs = 0;
  /** ffmpeg ends well with a Matroska file that is cut off, unlike with other damage. */
  endsEarly = false;
  hasNoVideo = false;
  #recent = "";

  add(text: string): void {
    const window = this.#recent + text;
    const stated = /^ {2}Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?),/m.exec(window);
    if (stated !== null) {
      const [, hours, minutes, seconds] = stated.map(Number);
      this.statedMs = ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000;
    }
    this.endsEarly ||= window.includes("File ended prematurely");
    this.hasNoVideo ||= window.includes("matches no streams");
    this.#recent = window.slice(-LOG_WINDOW);
  }
}

/** The log itself is not passed on: it holds the clip's own texts. */
function exitError(code: number | null, log: Log): CountenanceError {
  if (code === CANNOT_LIMIT) {
    return new CountenanceError(
      "COUNTENANCE_INTERNAL",
      "video: the limits for ffmpeg cannot be set on this system",
    );
  }
  if (code !== null && CANNOT_RUN.includes(code)) return decoderMissing("one that cannot be run");
  if (code === null) return unreadable("one that takes too much time or memory");
  if (log.hasNoVideo) return unreadable("one without video");
  return unreadable("another codec, or a damaged or truncated one");
}

function startError(error: unknown): CountenanceError {
  const { code } = Object(error) as { code?: unknown };
  if (code === "ENOENT" || code === "EACCES") return decoderMissing("no /bin/sh to start it");
  return new CountenanceError(
    "COUNTENANCE_INTERNAL",
    `video: ffmpeg could not be started: ${typeof code === "string" ? code : "unknown error"}`,
  );
}
