import { CountenanceError } from "../errors.js";

/** The formats that we let a decoder see. */
export type ImageFormat = "JPEG" | "PNG" | "WebP" | "GIF" | "TIFF" | "AVIF";

type Test = (bytes: Uint8Array) => boolean;

const ACCEPTED: readonly (readonly [ImageFormat, Test])[] = [
  ["JPEG", (b) => hasAt(b, 0, "\xff\xd8\xff")],
  ["PNG", (b) => hasAt(b, 0, "\x89PNG\r\n\x1a\n")],
  ["WebP", (b) => hasAt(b, 0, "RIFF") && hasAt(b, 8, "WEBP")],
  ["GIF", (b) => hasAt(b, 0, "GIF87a") || hasAt(b, 0, "GIF89a")],
  // Version 42 is TIFF 6.0, 43 is BigTIFF.
  ["TIFF", (b) => ["II*\0", "MM\0*", "II+\0", "MM\0+"].some((magic) => hasAt(b, 0, magic))],
  ["AVIF", (b) => hasBrand(b, AVIF_BRANDS)],
];

/** Formats that people do send: naming them in the error saves a support case. */
const REFUSED: readonly (readonly [string, Test])[] = [
  ["HEIC/HEIF (send JPEG instead)", (b) => hasBrand(b, HEIF_BRANDS)],
  ["PDF", (b) => hasAt(b, 0, "%PDF")],
  ["SVG", (b) => /^\s*<(?:\?xml|!--|!DOCTYPE\s+svg|svg)/i.test(asText(b, markStart(b), 256))],
  ["JPEG XL", (b) => hasAt(b, 0, "\xff\x0a") || hasAt(b, 4, "JXL ")],
  ["JPEG 2000", (b) => hasAt(b, 4, "jP  ") || hasAt(b, 0, "\xff\x4f\xff\x51")],
  ["BMP", (b) => hasAt(b, 0, "BM")],
  ["a video", (b) => hasAt(b, 4, "ftyp") || hasAt(b, 0, "\x1a\x45\xdf\xa3")],
];

/** Of ISO/IEC 23000-22 (MIAF) and the AV1 image file format. */
const AVIF_BRANDS = ["avif", "avis"];
/** Of ISO/IEC 23008-12, annex B: HEVC pictures, and the brands that name no codec. */
const HEIF_BRANDS = "heic heix hevc hevx heim heis hevm hevs mif1 msf1 miaf".split(" ");
/** Real files carry fewer than ten compatible brands. */
const MAX_BRANDS = 64;

/**
 * Tells the format by the first bytes, so that a parser which we do not trust never sees a byte.
 * @throws {CountenanceError} `COUNTENANCE_IMAGE_UNREADABLE` for every other format, named where known.
 */
export function imageFormat(bytes: Uint8Array): ImageFormat {
  for (const [format, test] of ACCEPTED) {
    if (test(bytes)) return format;
  }
  const known = REFUSED.find(([, test]) => test(bytes));
  const got = bytes.length === 0 ? "0 bytes" : (known?.[0] ?? "another format");
  const expected = ACCEPTED.map(([format]) => format).join(", ");
  throw new CountenanceError(
    "COUNTENANCE_IMAGE_UNREADABLE",
    `image: expected ${expected}, got ${got}`,
  );
}

/** Whether the file type box of an ISO media file names one of these brands. */
function hasBrand(bytes: Uint8Array, brands: readonly string[]): boolean {
  if (!hasAt(bytes, 4, "ftyp")) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Math.min(view.getUint32(0), bytes.length, 8 + 4 * MAX_BRANDS);
  for (let at = 8; at + 4 <= end; at += 4) {
    // Bytes 12 to 15 are the version of the major brand.
    if (at !== 12 && brands.includes(asText(bytes, at, 4))) return true;
  }
  return false;
}

function hasAt(bytes: Uint8Array, at: number, text: string): boolean {
  return asText(bytes, at, text.length) === text;
}

function asText(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** Skips the byte order mark that text files may begin with. */
function markStart(bytes: Uint8Array): number {
  return hasAt(bytes, 0, "\xef\xbb\xbf") ? 3 : 0;
}
