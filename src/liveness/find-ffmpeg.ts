import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

import { CountenanceError } from "../errors.js";

/**
 * The absolute path of the ffmpeg program: the given one, else FFMPEG_PATH of the environment, else
 * the first on PATH. Folders of PATH that are relative are left out: they are no place for a program.
 * @param given  Absolute.
 * @throws {CountenanceError} `COUNTENANCE_VIDEO_DECODER_MISSING`.
 */
export async function findFfmpeg(given: string | undefined): Promise<string> {
  const named = given ?? process.env["FFMPEG_PATH"];
  const candidates =
    named === undefined || named === ""
      ? (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "ffmpeg"))
      : [named];
  for (const path of candidates) {
    if (isAbsolute(path) && (await isProgram(path))) return path;
  }
  const where = given !== undefined ? "at ffmpegPath" : named ? "at FFMPEG_PATH" : "on PATH";
  throw decoderMissing(`none ${where}`);
}

/** @param got  Without any path. */
export function decoderMissing(got: string): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_VIDEO_DECODER_MISSING",
    `video: expected the program ffmpeg, got ${got}; install it (Debian: apt-get install ffmpeg), name it in ffmpegPath, or pass decoded frames`,
  );
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // absent, or not ours to run: told by the caller
  }
}
