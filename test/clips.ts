import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { RawImage } from "../src/image.js";

/** Clips for tests, made on the spot by ffmpeg. */
export interface ClipOptions {
  /** Default 1. */
  readonly seconds?: number;
  /** Frames a second. Default 30. */
  readonly fps?: number;
  /** Default 64x48. */
  readonly size?: `${number}x${number}`;
  /** A source of ffmpeg's lavfi, instead of its moving test picture. */
  readonly source?: string;
  /** Pictures of one size, instead: RGB or grey. */
  readonly frames?: Iterable<RawImage>;
  /** Default h264. */
  readonly codec?: keyof typeof ENCODERS;
  /** Default mp4. */
  readonly container?: "mp4" | "mov" | "webm" | "mkv" | "m4a";
  /** More arguments for the output. */
  readonly args?: readonly string[];
}

const ENCODERS = {
  h264: ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
  hevc: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"],
  vp8: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"],
  vp9: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"],
  mpeg4: ["-c:v", "mpeg4"],
  mjpeg: ["-c:v", "mjpeg"],
  aac: ["-c:a", "aac"],
  copy: ["-c", "copy"],
} as const;

export async function testClip(options: ClipOptions = {}): Promise<Buffer> {
  const { seconds = 1, fps = 30, size = "64x48", codec = "h264", container = "mp4" } = options;
  const frames = options.frames === undefined ? [] : [...options.frames];
  const [first] = frames;
  const source = options.source ?? `testsrc2=s=${size}:r=${String(fps)}:d=${String(seconds)}`;
  const raw =
    first === undefined
      ? ["-f", "lavfi", "-i", source]
      : [
          ...["-f", "rawvideo", "-pix_fmt", first.channels === 1 ? "gray" : "rgb24"],
          ...["-s", `${String(first.width)}x${String(first.height)}`, "-r", String(fps), "-i", "-"],
        ];
  const args = [...raw, ...ENCODERS[codec], ...(options.args ?? [])];
  return inFolder((folder) => made(folder, args, container, Buffer.concat(frames.map(bytesOf))));
}

/** Another file of a clip: packets are copied unless `codec` says otherwise. */
export async function clipFrom(
  clip: Uint8Array,
  options: Pick<ClipOptions, "codec" | "container" | "args"> = {},
): Promise<Buffer> {
  const { codec = "copy", container = "mp4", args = [] } = options;
  return inFolder((folder) => {
    const input = join(folder, "input");
    writeFileSync(input, clip);
    return made(folder, ["-i", input, ...ENCODERS[codec], ...args], container);
  });
}

/** One clip behind the other, without decoding them. */
export async function joined(
  clips: readonly Uint8Array[],
  container: NonNullable<ClipOptions["container"]>,
): Promise<Buffer> {
  return inFolder((folder) => {
    const lines = clips.map((clip, i) => {
      writeFileSync(join(folder, String(i)), clip);
      return `file '${join(folder, String(i))}'`;
    });
    const list = join(folder, "list");
    writeFileSync(list, lines.join("\n"));
    return made(folder, ["-f", "concat", "-safe", "0", "-i", list, "-c", "copy"], container);
  });
}

/** The same MP4, to be shown turned to the right by 90 degrees. */
export function turned(clip: Uint8Array): Buffer {
  const copy = Buffer.from(clip);
  // ISO/IEC 14496-12, 8.3.2: the matrix is 44 bytes behind the type of a track header, version 0.
  const matrix = copy.indexOf("tkhd") + 44;
  [0, 0x10000, 0, -0x10000, 0, 0].forEach((value, i) => copy.writeInt32BE(value, matrix + 4 * i));
  return copy;
}

/** Into a file: the index of a clip is written last, and may stand first. */
async function made(
  folder: string,
  args: readonly string[],
  container: string,
  input = Buffer.alloc(0),
): Promise<Buffer> {
  const path = join(folder, `clip.${container}`);
  const child = execFile("ffmpeg", ["-v", "error", "-y", ...args, path]);
  const ended = once(child, "exit");
  let log = "";
  child.stderr?.on("data", (text: string) => (log += text));
  child.stdin?.on("error", () => undefined).end(input); // it may want none
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`ffmpeg: ${log}`);
  return readFileSync(path);
}

function bytesOf({ data }: RawImage): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "countenance-clip-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
