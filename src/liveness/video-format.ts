import { CountenanceError } from "../errors.js";

/** The demuxer that ffmpeg is forced to take: it never guesses one, so that no playlist is followed. */
export type VideoFormat = "mov" | "matroska";

/** What `videoFormat` looks at, in bytes. */
export const HEAD_BYTES = 12;

/**
 * Brands of ISO media files that hold a still picture or a burst of them: AVIF (ISO/IEC 23000-22), and
 * HEIF (ISO/IEC 23008-12).
 */
const PICTURE_BRANDS = new Set(
  "avif avis heic heix hevc hevx heim heis hevm hevs mif1 msf1".split(" "),
);

/** A file type box is a few brands long; one that says otherwise is none. */
const MAX_FILE_TYPE_BYTES = 1024;

/**
 * Tells the container by the first bytes of a file: ISO base media (mp4, mov, 3gp) by its file type
 * box, which must come first, Matroska and WebM by the EBML magic.
 * @param head  The first HEAD_BYTES bytes, or all if there are fewer.
 * @throws {CountenanceError} `COUNTENANCE_VIDEO_UNREADABLE` for everything else.
 */
export function videoFormat(head: Uint8Array): VideoFormat {
  const text = String.fromCharCode(...head.subarray(0, HEAD_BYTES));
  if (text.startsWith("\x1a\x45\xdf\xa3")) return "matroska";
  if (text.slice(4, 8) === "ftyp" && head.length >= HEAD_BYTES) {
    const size = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(0);
    if (PICTURE_BRANDS.has(text.slice(8, 12))) throw notVideo("a picture");
    if (size >= HEAD_BYTES && size <= MAX_FILE_TYPE_BYTES) return "mov";
  }
  throw notVideo(head.length === 0 ? "0 bytes" : "another format");
}

function notVideo(got: string): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_VIDEO_UNREADABLE",
    `video: expected MP4, MOV or WebM, got ${got}`,
  );
}
