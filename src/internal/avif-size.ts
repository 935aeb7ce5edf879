/** The spatial extents property of ISO/IEC 23008-12: length, "ispe", version, width, height. */
const PROPERTY = "ispe";
/** ftyp, meta, mdat and a few more: real files have fewer top-level boxes. */
const MAX_BOXES = 16;
/** One per item and size; a file made of nothing else must not take long. */
const MAX_SIZES = 256;

/**
 * The sizes that an AVIF states for its items: the picture, its tiles, its alpha plane.
 *
 * Read by us before libvips does, because it hands a size near 2^31 to GLib unchecked, which then
 * prints on the host's standard error. PNG, TIFF, JPEG, WebP and GIF have no such sizes, or checks.
 */
export function avifSizes(bytes: Uint8Array): readonly { width: number; height: number }[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const meta = metaBox(file);
  const sizes = [];
  for (let at = meta.indexOf(PROPERTY); at >= 0; at = meta.indexOf(PROPERTY, at + 1)) {
    if (at + 16 > meta.length || sizes.length === MAX_SIZES) break;
    sizes.push({ width: meta.readUInt32BE(at + 8), height: meta.readUInt32BE(at + 12) });
  }
  return sizes;
}

/** The box that describes the items; empty when there is none. Compressed pixels lie outside it. */
function metaBox(file: Buffer): Buffer {
  let at = 0;
  for (let i = 0; i < MAX_BOXES && at + 8 <= file.length; i++) {
    const size = file.readUInt32BE(at);
    // 0: up to the end; 1: 64 bits follow, which a meta box never needs.
    const end = size === 0 ? file.length : at + size;
    if (file.toString("latin1", at + 4, at + 8) === "meta") return file.subarray(at, end);
    if (size === 1 && at + 16 <= file.length) at += Number(file.readBigUInt64BE(at + 8));
    else if (size < 8) break;
    else at = end;
  }
  return file.subarray(0, 0);
}
