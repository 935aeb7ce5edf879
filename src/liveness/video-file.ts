import { randomUUID } from "node:crypto";
import { constants, type FileHandle, open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CountenanceError } from "../errors.js";
import { throwIfAborted } from "../internal/slots.js";
import { HEAD_BYTES, videoFormat, type VideoFormat } from "./video-format.js";

/** A clip that the decoder may see: an open file, which the caller closes. */
export interface VideoFile {
  readonly handle: FileHandle;
  readonly format: VideoFormat;
}

/** How much is written between two looks at the signal. */
const WRITE_BYTES = 4 * 1024 * 1024;

/**
 * Opens a regular file of at most `maxBytes`. The name is resolved once, here: what is opened is what
 * is measured, sniffed and decoded.
 *
 * Opening with O_NONBLOCK keeps `open` itself from waiting for a FIFO's writer; it changes nothing for
 * regular files.
 * @throws {CountenanceError} `COUNTENANCE_VIDEO_UNREADABLE`, `COUNTENANCE_VIDEO_TOO_LONG`.
 */
export async function openVideoFile(path: string, maxBytes: number): Promise<VideoFile> {
  try {
    // Windows has no such flag.
    const nonBlocking: number | undefined = constants.O_NONBLOCK;
    const handle = await open(path, constants.O_RDONLY | (nonBlocking ?? 0));
    return await closedOnError(handle, async () => {
      const stat = await handle.stat();
      if (!stat.isFile()) throw unreadable("a directory, pipe or device");
      if (stat.size > maxBytes) throw tooManyBytes(maxBytes, stat.size);
      const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return { handle, format: videoFormat(buffer.subarray(0, bytesRead)) };
    });
  } catch (error) {
    throw error instanceof CountenanceError ? error : unreadable(codeOf(error), error);
  }
}

/**
 * Puts bytes into a file, because the index of a clip may be at its end and a pipe cannot seek. The
 * file loses its name before a byte is in it: whatever becomes of this process, no picture is left. If
 * it dies between the two steps, an empty file is.
 * @param bytes  Ours: unchanged until this has ended.
 * @throws {CountenanceError} `COUNTENANCE_INTERNAL` when the folder for temporary files is full or not
 *   to be written, `COUNTENANCE_ABORTED`.
 */
export async function unnamedFileOf(bytes: Uint8Array, signal: AbortSignal): Promise<FileHandle> {
  const path = join(tmpdir(), `countenance-${randomUUID()}`);
  try {
    const handle = await open(path, "wx+", 0o600);
    return await closedOnError(handle, async () => {
      await unlink(path);
      for (let at = 0; at < bytes.length;) {
        throwIfAborted(signal);
        const part = bytes.subarray(at, at + WRITE_BYTES);
        at += (await handle.write(part, 0, part.length, at)).bytesWritten;
      }
      return handle;
    });
  } catch (error) {
    // As a rule it is gone. If it could not be removed while it was open, it may be now.
    await unlink(path).catch(() => undefined);
    if (error instanceof CountenanceError) throw error;
    throw new CountenanceError(
      "COUNTENANCE_INTERNAL",
      `video: the folder for temporary files failed: ${codeOf(error)}`,
      { cause: plainCause(error) },
    );
  }
}

export function tooManyBytes(maxBytes: number, got: number): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_VIDEO_TOO_LONG",
    `video: expected at most ${String(maxBytes)} bytes, got ${String(got)}`,
  );
}

async function closedOnError<T>(handle: FileHandle, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function unreadable(got: string, cause?: unknown): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_VIDEO_UNREADABLE",
    `video: expected a readable regular file, got ${got}`,
    cause === undefined ? undefined : { cause: plainCause(cause) },
  );
}

/** Node's own error holds the path, often a person's name: its code alone is passed on. */
function plainCause(error: unknown): Error {
  const code = codeOf(error);
  return Object.assign(new Error(code), { code });
}

function codeOf(error: unknown): string {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" ? code : "an unknown error";
}
