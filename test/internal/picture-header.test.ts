import sharp from "sharp";
import { describe, expect, test } from "vitest";

import { pictureHeader } from "../../src/internal/picture-header.js";
import { quadrants, truncations } from "../pictures.js";

const grey = () => sharp(Buffer.alloc(15), { raw: { width: 5, height: 3, channels: 1 } });

describe("agrees with the decoder on", () => {
  test.each([
    ["a baseline JPEG", "JPEG", () => quadrants().jpeg()],
    ["a progressive JPEG", "JPEG", () => quadrants().jpeg({ progressive: true })],
    [
      "a JPEG with EXIF data and a profile",
      "JPEG",
      () => quadrants().withMetadata({ orientation: 6 }).withIccProfile("p3").jpeg(),
    ],
    ["a CMYK JPEG", "JPEG", () => quadrants().toColourspace("cmyk").jpeg()],
    ["a grey JPEG", "JPEG", () => grey().toColourspace("b-w").jpeg()],
    ["a PNG", "PNG", () => quadrants().png()],
    ["a palette PNG", "PNG", () => quadrants().png({ palette: true })],
    ["a grey PNG", "PNG", () => grey().toColourspace("b-w").png()],
    ["an RGBA PNG", "PNG", () => quadrants().ensureAlpha().png()],
  ] as const)("%s", async (_, format, make) => {
    const bytes = await make().toBuffer();
    const { width, height, channels } = await sharp(bytes).metadata();
    expect(pictureHeader(bytes, format)).toEqual({ width, height, isGrey: channels === 1 });
  });
});

describe("leaves to the decoder", () => {
  test("other formats", async () => {
    expect(pictureHeader(await quadrants().webp().toBuffer(), "WebP")).toBeUndefined();
  });

  test.each([
    ["no frame", [0xff, 0xd8, 0xff, 0xd9]],
    ["bytes between segments", [0xff, 0xd8, 0x00, 0xff, 0xc0, 0, 17, 8, 0, 64, 0, 96, 3, 0]],
    [
      "a scan before the frame",
      [0xff, 0xd8, 0xff, 0xda, 0, 2, 0xff, 0xc0, 0, 17, 8, 0, 64, 0, 96, 3],
    ],
    ["a height of 0", [0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0, 0, 0, 96, 3, 0, 0]],
    [
      "a million empty segments",
      [0xff, 0xd8, ...Array.from({ length: 4e6 }, (_, i) => [0xff, 0xfe, 0, 2][i % 4] ?? 0)],
    ],
  ])("a JPEG with %s", (_, bytes) => {
    expect(pictureHeader(Uint8Array.from(bytes), "JPEG")).toBeUndefined();
  });

  test.each(["JPEG", "PNG"] as const)(
    "a %s that is cut short in its header, without a crash",
    async (format) => {
      const bytes = await quadrants()
        .toFormat(format === "JPEG" ? "jpeg" : "png")
        .toBuffer();
      for (const cut of truncations(bytes.subarray(0, 200))) {
        const header = pictureHeader(cut, format);
        if (header !== undefined) expect(header).toEqual({ width: 96, height: 64, isGrey: false });
      }
      expect(pictureHeader(bytes.subarray(0, 20), format)).toBeUndefined();
    },
  );
});
