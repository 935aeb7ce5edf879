import { constants, open, type FileHandle } from "node:fs/promises";

import { CountenanceError } from "../errors.js";

/**
 * Reads a regular file of at most `maxBytes`; its size is checked before a byte is read.
 *
 * A directory, FIFO, socket or device is refused: reading one may never end. Opening with O_NONBLOCK
 * keeps `open` itself from waiting for a FIFO's writer; it changes nothing for regular files.
 * @throws {CountenanceError} `COUNTENANCE_IMAGE_UNREADABLE`, `COUNTENANCE_IMAGE_TOO_LARGE`.
 */
export async function readImageFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    // Windows has no such flag.
    const nonBlocking: number | undefined = constants.O_NONBLOCK;
    const handle = await open(path, constants.O_RDONLY | (nonBlocking ?? 0));
    try {
      return await readRegular(handle, maxBytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof CountenanceError ? error : unreadable(error);
  }
}

async function readRegular(handle: FileHandle, maxBytes: number): Promise<Uint8Array> {
  const stat = await handle.stat();
  if (!stat.isFile()) {
    throw new CountenanceError(
      "COUNTENANCE_IMAGE_UNREADABLE",
      "image: expected a regular file, got a directory, pipe or device",
    );
  }
  if (stat.size > maxBytes) throw tooManyBytes(maxBytes, stat.size);
  const bytes = new Uint8Array(stat.size);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

export function tooManyBytes(maxBytes: number, got: number): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_IMAGE_TOO_LARGE",
    `image: expected at most ${String(maxBytes)} bytes, got ${String(got)}`,
  );
}

/**
 * The system's error is told by its code alone: Node's own error holds the path, often a person's
 * name, and whoever logs an error logs its cause too.
 */
function unreadable(error: unknown): CountenanceError {
  const { code } = Object(error) as { code?: unknown };
  const shown = typeof code === "string" ? code : "unknown error";
  return new CountenanceError(
    "COUNTENANCE_IMAGE_UNREADABLE",
    `image: expected a readable file, got ${shown}`,
    { cause: Object.assign(new Error(shown), { code: shown }) },
  );
}
