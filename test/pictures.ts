import sharp, { type Sharp } from "sharp";

import type { DecodedImage } from "../src/image.js";

/** Pictures for tests, made on the spot. */
export const FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "avif"] as const;

const COLOURS = {
  red: [220, 30, 30],
  green: [30, 160, 40],
  blue: [30, 40, 200],
  white: [245, 245, 245],
} as const;

/** 96 x 64: red and green above blue and white, with a little noise so that files have a body. */
export function quadrants(): Sharp {
  const [width, height] = [96, 64];
  const pixels = Buffer.alloc(width * height * 3);
  const { red, green, blue, white } = COLOURS;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const above = x < width / 2 ? red : green;
      const below = x < width / 2 ? blue : white;
      const noise = ((x * 7 + y * 13) % 9) - 4;
      (y < height / 2 ? above : below).forEach((value, channel) => {
        pixels[(y * width + x) * 3 + channel] = value + noise;
      });
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

export function encode(picture: Sharp, format: (typeof FORMATS)[number]): Promise<Buffer> {
  return picture.toFormat(format, { quality: 90 }).toBuffer();
}

/** The names of the four corners' colours: top left, top right, bottom left, bottom right. */
export function corners({ pixels, width, height }: DecodedImage, inset = 12): string[] {
  return [
    [inset, inset],
    [width - inset, inset],
    [inset, height - inset],
    [width - inset, height - inset],
  ].map(([x = 0, y = 0]) => {
    const at = (y * width + x) * 3;
    return nearestColour([...pixels.subarray(at, at + 3)]);
  });
}

/** By name, where every channel is within 72 of the colour: the blue is outside CMYK's range. */
function nearestColour(rgb: number[]): string {
  const found = Object.entries(COLOURS).find(([, colour]) =>
    colour.every((value, channel) => Math.abs(value - (rgb[channel] ?? -999)) <= 72),
  );
  return found?.[0] ?? rgb.join(" ");
}

/** Cut at every percent of the length. */
export function truncations(bytes: Buffer): Buffer[] {
  return Array.from({ length: 99 }, (_, i) =>
    bytes.subarray(0, Math.floor((bytes.length * (i + 1)) / 100)),
  );
}

/** Copies with one flipped bit each, spread evenly. */
export function bitFlips(bytes: Buffer, count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => {
    const copy = Buffer.from(bytes);
    const at = Math.floor((bytes.length * i) / count);
    copy[at] = (copy[at] ?? 0) ^ (1 << (i % 8));
    return copy;
  });
}

/** The file type box of an ISO media file. */
export function header(major: string, ...compatible: string[]): Buffer {
  const box = Buffer.alloc(16 + compatible.length * 4);
  box.writeUInt32BE(box.length);
  box.write(`ftyp${major}`, 4, "latin1");
  box.write(compatible.join(""), 16, "latin1");
  return box;
}

/** The same JPEG with another size in its frame header (marker SOF0). */
export function withJpegSize(jpeg: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(jpeg);
  const frame = copy.indexOf(Buffer.from([0xff, 0xc0]));
  copy.writeUInt16BE(height, frame + 5);
  copy.writeUInt16BE(width, frame + 7);
  return copy;
}

/** The same 8-bit grey PNG with a tRNS chunk: pixels of this value are transparent. */
export function withTransparentGrey(png: Buffer, value: number): Buffer {
  const chunk = Buffer.alloc(14);
  chunk.writeUInt32BE(2);
  chunk.write("tRNS", 4, "latin1");
  chunk.writeUInt16BE(value, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 10)), 10);
  const afterHeader = 8 + 25;
  return Buffer.concat([png.subarray(0, afterHeader), chunk, png.subarray(afterHeader)]);
}

/** As PNG chunks carry it (ISO/IEC 15948, annex D). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
