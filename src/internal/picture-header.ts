import type { ImageFormat } from "./image-format.js";

/** What the first bytes of a file say of its picture. */
export interface PictureHeader {
  readonly width: number;
  readonly height: number;
  /** Whether it has one channel and no transparency. */
  readonly isGrey: boolean;
}

/** Real files have a dozen segments before the frame; a file of empty ones must not cost time. */
const MAX_SEGMENTS = 1000;

/**
 * Reads the size of a JPEG or PNG without a decoder, which takes 0.3 ms for it in another thread.
 * @returns Undefined for other formats, and for a file that is laid out in an unusual way or
 *   damaged: the decoder then tells.
 */
export function pictureHeader(bytes: Uint8Array, format: ImageFormat): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header =
    format === "JPEG" ? jpegHeader(view) : format === "PNG" ? pngHeader(view) : undefined;
  return header !== undefined && header.width > 0 && header.height > 0 ? header : undefined;
}

/** ITU-T T.81, annex B: segments of marker and length up to the frame header. */
function jpegHeader(view: DataView): PictureHeader | undefined {
  let at = 2; // behind SOI
  for (let segment = 0; segment < MAX_SEGMENTS && at + 10 <= view.byteLength; segment++) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (isFrame(marker)) {
      return {
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        isGrey: view.getUint8(at + 9) === 1,
      };
    }
    // Everything with a length: tables (DHT, DQT, DRI), applications' data, comments.
    const hasLength = marker === 0xc4 || (marker >= 0xdb && marker <= 0xfe);
    if (!hasLength) return undefined;
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which lie between them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** ISO/IEC 15948: the first chunk is IHDR. Colour type 0 is grey, tRNS may make one value clear. */
function pngHeader(view: DataView): PictureHeader | undefined {
  const IHDR = 0x49484452;
  if (view.byteLength < 33 || view.getUint32(12) !== IHDR) return undefined;
  const isGrey = view.getUint8(25) === 0;
  return { width: view.getUint32(16), height: view.getUint32(20), isGrey };
}
