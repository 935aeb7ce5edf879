import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";

import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { CountenanceError } from "../src/errors.js";
import {
  createImageDecoder,
  type DecodedImage,
  type ImageInput,
  maxDecodes,
  NEED_WHOLE,
} from "../src/image.js";
import { parseDataUri } from "../src/internal/data-uri.js";
import {
  bitFlips,
  corners,
  encode,
  FORMATS,
  header,
  quadrants,
  truncations,
  withTransparentGrey,
  withJpegSize,
} from "./pictures.js";

const decoder = createImageDecoder();
/** One row of pixels. */
const GREYS = [0, 100, 200, 255];
const IDLE = { pending: 0, pendingBytes: 0, pictureBytes: 0 };

const folder = mkdtempSync(join(tmpdir(), "countenance-image-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The decoded picture itself: tests may keep it. */
function decode(input: unknown, using = decoder, signal?: AbortSignal): Promise<DecodedImage> {
  // What a JavaScript caller may pass.
  return using.run(input as ImageInput, signal, (image) => Promise.resolve(image));
}

/** The error that decoding ends with; fails for one that is not ours. */
async function errorOf(input: unknown, using = decoder): Promise<CountenanceError> {
  const error: unknown = await decode(input, using).then(
    () => "no error",
    (reason: unknown) => reason,
  );
  if (error instanceof CountenanceError) return error;
  throw new Error("expected a CountenanceError", { cause: error });
}

async function codeOf(input: unknown, using = decoder): Promise<string> {
  return (await errorOf(input, using)).code;
}

const UNREADABLE = "COUNTENANCE_IMAGE_UNREADABLE";
const TOO_LARGE = "COUNTENANCE_IMAGE_TOO_LARGE";
const INVALID = "COUNTENANCE_INVALID_ARGUMENT";

const pictures = new Map<string, Buffer>();
beforeAll(async () => {
  for (const format of FORMATS) pictures.set(format, await encode(quadrants(), format));
});

function picture(format: string): Buffer {
  const bytes = pictures.get(format);
  if (bytes === undefined) throw new Error(format);
  return Buffer.from(bytes);
}

describe("formats", () => {
  test.each(FORMATS)("%s becomes upright RGB8", async (format) => {
    const image = await decode(picture(format));
    expect([image.width, image.height]).toEqual([96, 64]);
    expect(image.pixels.length).toBe(96 * 64 * 3);
    expect(corners(image)).toEqual(["red", "green", "blue", "white"]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("EXIF orientation %i is applied", async (orientation) => {
    // How a viewer sees red green / blue white, by the EXIF specification.
    const seen = [
      ["red", "green", "blue", "white"],
      ["green", "red", "white", "blue"],
      ["white", "blue", "green", "red"],
      ["blue", "white", "red", "green"],
      ["red", "blue", "green", "white"],
      ["blue", "red", "white", "green"],
      ["white", "green", "blue", "red"],
      ["green", "white", "red", "blue"],
    ][orientation - 1];
    const image = await decode(
      await quadrants().withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer(),
    );
    expect([image.width, image.height]).toEqual(orientation < 5 ? [96, 64] : [64, 96]);
    expect(corners(image)).toEqual(seen);
  });

  test.each([
    ["CMYK JPEG", () => quadrants().toColourspace("cmyk").jpeg({ quality: 95 })],
    ["CMYK TIFF", () => quadrants().toColourspace("cmyk").tiff({ compression: "lzw" })],
    ["16-bit PNG", () => quadrants().toColourspace("rgb16").png()],
    ["Display P3 PNG", () => quadrants().withIccProfile("p3").png()],
    ["palette PNG", () => quadrants().png({ palette: true })],
    ["opaque RGBA PNG", () => quadrants().ensureAlpha().png()],
    ["progressive JPEG", () => quadrants().jpeg({ progressive: true, quality: 95 })],
    ["lossless WebP", () => quadrants().webp({ lossless: true })],
  ])("%s keeps its colours", async (_, make) => {
    const image = await decode(await make().toBuffer());
    expect(image.pixels.length).toBe(96 * 64 * 3);
    expect(corners(image)).toEqual(["red", "green", "blue", "white"]);
  });

  test.each([
    ["8-bit PNG", "b-w", "png"],
    ["16-bit PNG", "grey16", "png"],
    ["JPEG", "b-w", "jpeg"],
    ["TIFF", "b-w", "tiff"],
  ] as const)("greyscale of %s stays one channel", async (_, space, format) => {
    const grey = sharp(Buffer.from(GREYS), { raw: { width: 4, height: 1, channels: 1 } });
    const encoded = grey
      .toColourspace(space)
      .toFormat(format, format === "png" ? {} : { quality: 100 });
    const image = await decode(await encoded.toBuffer());
    expect(image).toMatchObject({ width: 4, height: 1, channels: 1 });
    expect(image.pixels).toHaveLength(4);
    image.pixels.forEach((value, i) => {
      expect(Math.abs(value - (GREYS[i] ?? -9))).toBeLessThanOrEqual(format === "png" ? 0 : 2);
    });
  });

  test("transparency in greyscale is mid grey too, by an alpha channel or by a value", async () => {
    const raw = { width: 2, height: 1, channels: 2 as const };
    const encoded = await sharp(Buffer.from([200, 0, 200, 255]), { raw })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const { pixels, channels } = await decode(encoded);
    expect([pixels[0], pixels.at(-1)]).toEqual([128, 200]);
    expect(pixels).toHaveLength(2 * channels);
    const plain = await sharp(Buffer.from(GREYS), { raw: { width: 4, height: 1, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const transparent = await decode(withTransparentGrey(plain, 200));
    expect([...transparent.pixels].filter((_, i) => i % transparent.channels === 0)).toEqual([
      0, 100, 128, 255,
    ]);
  });

  test("what transparency hides is not seen: mid grey is", async () => {
    const rgba = [200, 10, 10, 0, 200, 10, 10, 255, 255, 255, 255, 128];
    const raw = { width: 3, height: 1, channels: 4 as const };
    const encoded = await sharp(Buffer.from(rgba), { raw }).png().toBuffer();
    for (const input of [encoded, { ...raw, data: Uint8Array.from(rgba) }]) {
      const { pixels } = await decode(input);
      expect([...pixels.subarray(0, 6)]).toEqual([128, 128, 128, 200, 10, 10]);
      expect(Math.abs((pixels[6] ?? 0) - 192)).toBeLessThanOrEqual(1);
    }
  });

  test("a picture of one pixel is a picture", async () => {
    const one = sharp(Buffer.from([1, 2, 3]), { raw: { width: 1, height: 1, channels: 3 } });
    expect([...(await decode(await one.png().toBuffer())).pixels]).toEqual([1, 2, 3]);
  });

  test("of 1,000 GIF frames the first is decoded, and no other", async () => {
    const frame = Buffer.alloc(8 * 8 * 3 * 1000);
    for (let i = 0; i < frame.length; i++) frame[i] = i < 192 ? 255 : (i * 7) & 127;
    const gif = await sharp(frame, {
      raw: { width: 8, height: 8000, channels: 3, pageHeight: 8 },
    })
      .gif({ effort: 1 })
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(1000);
    // 8 x 8 pixels are allowed, 8 x 8,000 are not.
    const image = await decode(gif, createImageDecoder({ maxPixels: 64 }));
    expect([image.width, image.height]).toEqual([8, 8]);
    expect(image.pixels.every((value) => value > 250)).toBe(true);
  });
});

describe("magic bytes", () => {
  test.each([
    ["no bytes", "", /0 bytes/],
    ["SVG", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', /SVG/],
    ["SVG after a prolog", '\ufeff<?xml version="1.0"?><svg/>', /SVG/],
    ["PDF", "%PDF-1.7\n", /PDF/],
    ["HEIC", header("heic", "mif1", "heic"), /HEIC/],
    ["HEIF of an unknown codec", header("mif1", "mif1", "miaf"), /HEIC/],
    ["BMP", "BM\0\0\0\0", /BMP/],
    ["JPEG XL", Buffer.from([0xff, 0x0a, 1, 2]), /JPEG XL/],
    ["JPEG 2000", Buffer.from("\0\0\0\x0cjP  \r\n\x87\n", "latin1"), /JPEG 2000/],
    ["MP4", header("isom", "isom", "mp41"), /video/],
    ["text", "hello", /another format/],
    ["HTML", "<!doctype html><p>not found</p>", /another format/],
  ])("%s is refused by name", async (_, content, name) => {
    const error = await errorOf(Buffer.from(content));
    expect(error.code).toBe(UNREADABLE);
    expect(error.message).toMatch(name);
    // No decoder was asked.
    expect(error.cause).toBeUndefined();
  });

  test("an AVIF may call itself mif1, and still must hold AV1", async () => {
    const avif = picture("avif");
    avif.write("mif1", 8, "latin1");
    expect((await decode(avif)).width).toBe(96);
    const claim = Buffer.concat([header("avif", "mif1", "avif"), Buffer.alloc(64)]);
    expect(await codeOf(claim)).toBe(UNREADABLE);
  });
});

describe("a smaller copy", () => {
  const shrinking = createImageDecoder({ shrinkTo: 30 });

  test.each(["jpeg", "webp"])(
    "of a %s has a third of its size, and the same colours",
    async (format) => {
      const image = await decode(picture(format), shrinking);
      expect(image).toMatchObject({ width: 32, height: 21, whole: { width: 96, height: 64 } });
      expect(corners(image, 6)).toEqual(["red", "green", "blue", "white"]);
    },
  );

  test("is as small as the limit allows, and never smaller", async () => {
    const large = await quadrants().resize(900, 600).jpeg().toBuffer();
    for (const [shrinkTo, width] of [
      [1, 100],
      [100, 100],
      [101, 180],
      [180, 180],
      [181, 300],
      [301, 900],
    ] as const) {
      const image = await decode(large, createImageDecoder({ shrinkTo }));
      expect(image).toMatchObject({ width, whole: { width: 900, height: 600 } });
    }
  });

  test.each([1, 3, 6, 8])("is upright too, and so is its whole: EXIF %i", async (orientation) => {
    const jpeg = await quadrants().withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const [small, image] = [await decode(jpeg, shrinking), await decode(jpeg)];
    expect(corners(small, 6)).toEqual(corners(image));
    expect(small.whole).toEqual({ width: image.width, height: image.height });
    expect(small.width > small.height).toBe(image.width > image.height);
  });

  test.each(["png", "gif", "tiff", "avif"])("of a %s would save no time", async (format) => {
    const { whole, ...image } = await decode(picture(format), shrinking);
    expect(image).toMatchObject({ width: 96, height: 64 });
    expect(whole).toMatchObject({ width: 96, height: 64 });
  });

  test("that has too few pixels is followed by the whole picture, in memory of its own", async () => {
    const seen: [number, number][] = [];
    const result = await shrinking.run(picture("jpeg"), undefined, async ({ width }) => {
      seen.push([width, shrinking.load.pictureBytes]);
      return width < 96 ? NEED_WHOLE : "enough";
    });
    expect(result).toBe("enough");
    expect(seen.map(([width]) => width)).toEqual([32, 96]);
    // Each weighs a picture's share; never both at once.
    expect(seen[0]?.[1]).toBe(seen[1]?.[1]);
    expect(shrinking.load).toEqual(IDLE);
  });

  test("of a damaged picture is refused like the picture", async () => {
    for (const cut of truncations(picture("jpeg"))) {
      expect(await codeOf(cut, shrinking)).toBe(UNREADABLE);
    }
    const bomb = withJpegSize(picture("jpeg"), 60_000, 60_000);
    expect(await codeOf(bomb, shrinking)).toBe(TOO_LARGE);
    const less = createImageDecoder({ shrinkTo: 30, maxPixels: 96 * 64 - 1 });
    expect(await codeOf(picture("jpeg"), less)).toBe(TOO_LARGE);
  });
});

describe("limits", () => {
  test("a file of exactly the limit passes, one byte more is too large", async () => {
    const bytes = picture("png");
    const path = join(folder, "limit.png");
    writeFileSync(path, bytes);
    const exact = createImageDecoder({ maxBytes: bytes.length });
    const less = createImageDecoder({ maxBytes: bytes.length - 1 });
    const uri = `data:;base64,${bytes.toString("base64")}`;
    for (const input of [bytes, { path }]) expect((await decode(input, exact)).width).toBe(96);
    for (const input of [bytes, { path }, uri]) expect(await codeOf(input, less)).toBe(TOO_LARGE);
  });

  test("pixels are counted from the header: a 60,000 px wide bomb is never decoded", async () => {
    const bomb = withJpegSize(picture("jpeg"), 60_000, 60_000);
    expect(await codeOf(bomb)).toBe(TOO_LARGE);
    expect(await codeOf(picture("gif"), createImageDecoder({ maxPixels: 96 * 64 - 1 }))).toBe(
      TOO_LARGE,
    );
    expect((await decode(picture("gif"), createImageDecoder({ maxPixels: 96 * 64 }))).width).toBe(
      96,
    );
  });

  test("a wide picture within the pixel limit is decoded", async () => {
    const raw = { width: 60_000, height: 1, channels: 3 as const };
    const wide = await sharp(Buffer.alloc(180_000, 7), { raw }).png().toBuffer();
    expect((await decode(wide)).width).toBe(60_000);
  });

  test("no side may be longer than a JPEG's, however few the pixels", async () => {
    for (const [width, height] of [
      [65_536, 1],
      [2_000_000, 10],
    ] as const) {
      const pixels = sharp(Buffer.alloc(width * height), { raw: { width, height, channels: 1 } });
      expect(await codeOf(await pixels.png().toBuffer())).toBe(TOO_LARGE);
    }
    const raw = { data: new Uint8Array(65_536), width: 65_536, height: 1, channels: 1 };
    expect(await codeOf(raw)).toBe(TOO_LARGE);
    expect(await codeOf({ ...raw, width: 1, height: 65_536 })).toBe(TOO_LARGE);
    const longest = { ...raw, data: raw.data.subarray(1), width: 65_535 };
    expect((await decode(longest)).width).toBe(65_535);
  });

  test("an AVIF of an absurd size is too large before libvips sees it and writes on stderr", async () => {
    for (const [width, height] of [
      [0x7fffffff, 0x7fffffff],
      [0xffffffff, 1],
      [1, 65_536],
    ] as const) {
      const avif = picture("avif");
      const extents = avif.indexOf("ispe");
      avif.writeUInt32BE(width, extents + 8);
      avif.writeUInt32BE(height, extents + 12);
      const error = await errorOf(avif);
      expect([error.code, error.cause]).toEqual([TOO_LARGE, undefined]);
    }
  });

  test.each([0, 1, 7, 0xffffffff])("an AVIF with a box of length %i is no trap", async (length) => {
    const avif = picture("avif");
    avif.writeUInt32BE(length, avif.indexOf("meta") - 4);
    expect([UNREADABLE, TOO_LARGE, "no error"]).toContain(
      await codeOf(avif).catch(() => "no error"),
    );
    const first = picture("avif");
    first.writeUInt32BE(length, 0);
    await codeOf(first).catch(() => "no error");
  });

  test("a limit that is no positive integer is refused", () => {
    for (const maxPixels of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => createImageDecoder({ maxPixels })).toThrow(
        expect.objectContaining({ code: INVALID }),
      );
    }
  });
});

describe("damage", () => {
  test.each(["jpeg", "png"])("a %s cut anywhere in its pixels is unreadable", async (format) => {
    const bytes = picture(format);
    // A PNG without its last chunk, of 12 bytes, lacks no pixel.
    const cuts = truncations(bytes).filter((cut) => cut.length < bytes.length - 12);
    for (const cut of cuts) expect(await codeOf(cut)).toBe(UNREADABLE);
  });

  test.each(FORMATS)("%s cut or with flipped bits: a typed error or a picture", async (format) => {
    const bytes = picture(format);
    const limited = createImageDecoder({ maxPixels: 1_000_000 });
    const outcomes = await Promise.allSettled(
      [...truncations(bytes), ...bitFlips(bytes, 60)].map((damaged) => decode(damaged, limited)),
    );
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(CountenanceError);
      else expect(outcome.value.pixels.length % 3).toBe(0);
    }
    expect(limited.load).toEqual(IDLE);
  });

  test("random bytes after the right magic are unreadable", async () => {
    for (const format of FORMATS) {
      const bytes = picture(format);
      for (let i = 24; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 24;
      expect([UNREADABLE, TOO_LARGE]).toContain(await codeOf(bytes));
    }
  });

  test("stray bytes between markers, which cameras write, do no harm", async () => {
    const bytes = picture("jpeg");
    const at = bytes.indexOf(Buffer.from([0xff, 0xc0]));
    const stray = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(3), bytes.subarray(at)]);
    expect(corners(await decode(stray))).toEqual(["red", "green", "blue", "white"]);
  });

  test("sharp's error is wrapped once, as the cause", async () => {
    const { cause } = await errorOf(picture("jpeg").subarray(0, 400));
    expect(cause).toBeInstanceOf(Error);
    expect(cause).not.toBeInstanceOf(CountenanceError);
  });
});

describe("files", () => {
  test("{ path } and a file: URL are read", async () => {
    const path = join(folder, "a picture #1.webp");
    writeFileSync(path, picture("webp"));
    expect((await decode({ path })).width).toBe(96);
    expect((await decode(pathToFileURL(path))).width).toBe(96);
  });

  test("a missing file, a directory, a device and an empty file are unreadable", async () => {
    writeFileSync(join(folder, "empty.jpg"), "");
    for (const path of [join(folder, "missing.jpg"), folder, join(folder, "empty.jpg")]) {
      expect(await codeOf({ path })).toBe(UNREADABLE);
    }
    if (process.platform !== "win32") expect(await codeOf({ path: "/dev/zero" })).toBe(UNREADABLE);
  });

  test.skipIf(process.platform === "win32")("a FIFO without writer does not hang", async () => {
    const path = join(folder, "fifo");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    expect(await codeOf({ path })).toBe(UNREADABLE);
  });

  test("no error holds the path, its cause included: whoever logs it logs a name", async () => {
    const path = join(folder, "ada-lovelace.jpg");
    const escaped = new URL(`${pathToFileURL(path).href}%2f`);
    for (const input of [{ path }, pathToFileURL(path), path, escaped]) {
      expect(inspect(await errorOf(input), { depth: 9 })).not.toContain("lovelace");
    }
    expect((await errorOf({ path })).cause).toMatchObject({ code: "ENOENT" });
  });

  test("a string is never a path", async () => {
    const path = join(folder, "never-opened.png");
    writeFileSync(path, picture("png"));
    for (const text of [path, pathToFileURL(path).href, "", "http://localhost/a.png", "data:x"]) {
      expect(await codeOf(text)).toBe(INVALID);
    }
  });

  test.each(["http://localhost/a.jpg", "https://localhost/a.jpg", "ftp://localhost/a.jpg"])(
    "the URL %s is not fetched",
    async (url) => {
      expect(await codeOf(new URL(url))).toBe("COUNTENANCE_UNSUPPORTED");
    },
  );

  test("a file: URL of another host, or with an escaped NUL, is refused", async () => {
    for (const url of ["file://elsewhere/a.jpg", "file:///a%00.jpg", "file:///a%2fb.jpg"]) {
      expect(await codeOf(new URL(url))).toBe(INVALID);
    }
  });
});

describe("data: URIs", () => {
  const percent = (bytes: Uint8Array) => [...bytes].map((byte) => `%${hex(byte)}`).join("");
  const hex = (byte: number) => byte.toString(16).padStart(2, "0");

  test("base64, escaped base64 and percent-encoded bytes are read, as string and as URL", async () => {
    const png = picture("png");
    const base64 = png.toString("base64");
    for (const uri of [
      `data:image/png;base64,${base64}`,
      `DATA:;BASE64,${base64}`,
      `data:image/svg+xml;base64,${base64}`,
      `data:image/png;base64,${base64.replace(/(.{76})/g, "$1\r\n")}`,
      `data:image/png;base64,${base64.replaceAll("+", "%2B").replaceAll("/", "%2F").replaceAll("=", "%3D")}`,
      `data:image/png,${percent(png)}`,
      `data:image/png;base64,${base64}#fragment`,
    ]) {
      expect((await decode(uri)).width).toBe(96);
      expect((await decode(new URL(uri))).width).toBe(96);
    }
  });

  test.each([
    "data:,",
    "data:;base64,",
    "data:;base64,!!!!",
    "data:;base64,AAAAA",
    "data:;base64,AA\u20acA",
    "data:,%zz",
    "data:,%4",
    "data:,\u20ac",
    "data:image/svg+xml,<svg/>",
    "data:;base64,AA==AA",
    "data:;base64,AA=A",
    "data:;base64,AAAA%4",
    "data:;base64,====",
    `data:;base64,${"A".repeat(65_535)}%4${"A".repeat(65_536)}`,
  ])("%# is unreadable", async (uri) => {
    expect(await codeOf(uri)).toBe(UNREADABLE);
  });

  test("slices are put together, wherever digits, white space, escapes and padding fall", async () => {
    for (const size of [49_150, 49_151, 49_152, 98_303, 98_304, 98_305]) {
      const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31) >> 3));
      const base64 = bytes.toString("base64");
      for (const text of [
        base64,
        ` ${base64}\n`,
        `${base64}${" ".repeat(70_000)}`,
        base64.replace(/(.{76})/g, "$1\r\n"),
        percent(Buffer.from(base64)),
        base64.replace(/./g, "$& "),
      ]) {
        const decoded = await parseDataUri(`data:;base64,${text}`)?.decode();
        expect(Buffer.compare(Buffer.from(decoded ?? []), bytes)).toBe(0);
      }
    }
  });

  test("the event loop has its turn between the slices", async () => {
    let turns = 0;
    let timer = setImmediate(function count() {
      turns++;
      timer = setImmediate(count);
    });
    await parseDataUri(`data:;base64,${"A".repeat(4 << 20)}`)?.decode();
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(50); // 64 slices
  });

  test("much percent-encoded data is too large: it is dear to decode", async () => {
    const uri = (characters: number) => `data:,${"%41".repeat(characters / 3)}`;
    expect(await codeOf(uri(65_535))).toBe(UNREADABLE);
    expect(await codeOf(uri(65_538))).toBe(TOO_LARGE);
    expect(await codeOf(uri(96 << 20))).toBe(TOO_LARGE);
  });

  test("a head of more than 1,024 characters is no data: URI", async () => {
    expect(await codeOf(`data:${"x".repeat(1100)},`)).toBe(INVALID);
  });

  test("a picture of exactly the limit is not refused for its padding", async () => {
    const png = picture("png");
    for (const extra of [0, 1, 2]) {
      const bytes = Buffer.concat([png, Buffer.alloc(extra)]); // trailing bytes are no damage
      const exact = createImageDecoder({ maxBytes: bytes.length });
      expect((await decode(`data:;base64,${bytes.toString("base64")}`, exact)).width).toBe(96);
    }
  });
});

describe("raw pixels", () => {
  test("grey and RGB keep their values; RGB is a copy", async () => {
    const grey = { data: Uint8Array.of(1, 2), width: 2, height: 1, channels: 1 };
    expect(await decode(grey)).toMatchObject({ channels: 1, pixels: Uint8Array.from([1, 2]) });
    const data = Uint8ClampedArray.of(1, 2, 3, 4, 5, 6);
    const rgb = await decode({ data, width: 1, height: 2, channels: 3 });
    expect([...rgb.pixels]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rgb.pixels.buffer).not.toBe(data.buffer);
  });

  const good = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };
  test.each([
    { data: new Uint8Array(11) },
    { data: new Uint8Array(13) },
    { data: new Float32Array(12) },
    { data: [1, 2, 3] },
    { data: undefined },
    { width: 0 },
    { width: -2 },
    { width: 1.5 },
    { width: NaN },
    { width: "2" },
    { height: 2 ** 40 },
    { channels: 2 },
    { channels: 5 },
    { stride: 6 },
  ])("%j is refused", async (wrong) => {
    expect(await codeOf({ ...good, ...wrong })).toBe(INVALID);
  });

  test("a stated size above the limit is too large, whatever the data", async () => {
    expect(await codeOf({ ...good, width: 100_000, height: 100_000 })).toBe(TOO_LARGE);
  });
});

describe("other realms, as under Jest", () => {
  const foreign = (text: string): unknown => runInNewContext(text, { URL });

  test("their bytes, pixels and plain objects are taken", async () => {
    const png = picture("png");
    const bytes = foreign(`Uint8Array.of(${png.join()})`);
    expect(bytes).not.toBeInstanceOf(Uint8Array);
    expect(corners(await decode(bytes))).toEqual(["red", "green", "blue", "white"]);
    for (const type of ["Uint8Array", "Uint8ClampedArray"]) {
      const raw = foreign(`({ data: ${type}.of(1, 2, 3), width: 1, height: 1, channels: 3 })`);
      expect([...(await decode(raw)).pixels]).toEqual([1, 2, 3]);
    }
  });

  test("a URL is told by what it is, and read anew", async () => {
    const url = new URL(`data:;base64,${picture("png").toString("base64")}`);
    const other = { href: url.href, [Symbol.toStringTag]: "URL" };
    Object.setPrototypeOf(other, new Date()); // no object literal
    expect((await decode(other)).width).toBe(96);
    expect(await codeOf(Object.create(URL.prototype))).toBe(INVALID);
    const { proxy, revoke } = Proxy.revocable(new Date(), {});
    revoke();
    expect(await codeOf(proxy)).toBe(INVALID);
  });

  test("an array that lies about its length is measured", async () => {
    const png = picture("png");
    const limited = createImageDecoder({ maxBytes: png.length - 1 });
    expect(await codeOf(Object.defineProperty(png, "length", { value: 1 }), limited)).toBe(
      TOO_LARGE,
    );
    const data = Object.defineProperty(new Uint8Array(1), "length", { value: 3 });
    expect(await codeOf({ data, width: 1, height: 1, channels: 3 })).toBe(INVALID);
  });
});

describe("arguments", () => {
  test.each([
    undefined,
    null,
    0,
    true,
    [],
    {},
    () => 0,
    Symbol("x"),
    new Date(),
    new ArrayBuffer(8),
  ])("%# is refused", async (input) => {
    expect(await codeOf(input)).toBe(INVALID);
  });

  test.each([{ path: "" }, { path: 7 }, { path: "a\0b" }, { path: "a", width: 1 }])(
    "%j is refused",
    async (input) => {
      expect(await codeOf(input)).toBe(INVALID);
    },
  );

  test("the caller may reuse its buffer as soon as the call returns", async () => {
    const reused = picture("png");
    const shared = new Uint8Array(new SharedArrayBuffer(reused.length));
    shared.set(reused);
    const pool = Buffer.concat([Buffer.alloc(5), reused]).subarray(5);
    const raw = { data: new Uint8Array(12).fill(9), width: 2, height: 2, channels: 3 };
    const calls = [reused, shared, pool].map((bytes) => decode(bytes));
    const pixels = decode(raw);
    for (const bytes of [reused, shared, pool, raw.data]) bytes.fill(0);
    for (const image of await Promise.all(calls)) {
      expect(corners(image)).toEqual(["red", "green", "blue", "white"]);
    }
    expect((await pixels).pixels.every((value) => value === 9)).toBe(true);
  });

  test("a detached buffer has no bytes", async () => {
    const bytes = new Uint8Array(picture("png"));
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(await codeOf(bytes)).toBe(UNREADABLE);
  });
});

describe("admission", () => {
  test("of 5,000 calls at once the queue's share is decoded, the rest is busy, little is held", async () => {
    const queue = createImageDecoder({ queueLimit: 100, threads: 2 });
    const bytes = picture("jpeg");
    let alive = 0;
    let most = 0;
    const outcomes = Promise.allSettled(
      Array.from({ length: 5000 }, () =>
        queue.run(bytes, undefined, async () => {
          most = Math.max(most, ++alive);
          await new Promise(setImmediate);
          alive--;
        }),
      ),
    );
    expect(queue.load.pending).toBe(100);
    expect(queue.load.pendingBytes).toBe(100 * bytes.length);
    const settled = await outcomes;
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(100);
    for (const outcome of settled) {
      if (outcome.status === "rejected") {
        expect(outcome.reason).toMatchObject({ code: "COUNTENANCE_BUSY" });
      }
    }
    expect(most).toBeLessThanOrEqual(4);
    expect(queue.load).toEqual(IDLE);
  });

  test("all decoders of a process decode at most two pictures at a time, in turn", async () => {
    const bytes = picture("avif");
    const decoders = Array.from({ length: 6 }, () => createImageDecoder({ threads: 8 }));
    // sharp counts what it decodes, in all of its pipelines. What it queues is read a moment before:
    // their sum would count a picture twice that begins in between.
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, sharp.counters().process);
    }, 0);
    await Promise.all(decoders.flatMap((one) => [1, 2, 3, 4, 5].map(() => decode(bytes, one))));
    clearInterval(timer);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(2);
    for (const one of decoders) expect(one.load).toEqual(IDLE);
  });

  test.each([
    [undefined, 8, 2],
    ["4", 1, 1],
    ["2", 8, 1],
    ["16", 8, 8],
    ["16", 64, 14],
    ["many", 64, 2],
    ["-5", 64, 1],
  ])("with %s threads in the pool and %i cores, %i decode at once", (pool, cores, decodes) => {
    expect(maxDecodes(pool, cores)).toBe(decodes);
  });

  test("busy comes before a byte is looked at", async () => {
    const queue = createImageDecoder({ queueLimit: 1 });
    const first = decode(picture("jpeg"), queue);
    expect(await codeOf(Buffer.from("not a picture"), queue)).toBe("COUNTENANCE_BUSY");
    await first;
  });

  test("an abort is noticed before, while waiting and after decoding", async () => {
    const aborted = expect.objectContaining({ code: "COUNTENANCE_ABORTED" }) as unknown;
    await expect(decode(picture("png"), decoder, AbortSignal.abort())).rejects.toEqual(aborted);
    const controller = new AbortController();
    const calls = Array.from({ length: 8 }, () =>
      decode(picture("png"), decoder, controller.signal),
    );
    controller.abort();
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe("rejected");
    await expect(calls[0]).rejects.toEqual(aborted);
    expect(decoder.load).toEqual(IDLE);
  });

  test("what use throws is what the call rejects with", async () => {
    const boom = new Error("boom");
    await expect(decoder.run(picture("png"), undefined, () => Promise.reject(boom))).rejects.toBe(
      boom,
    );
    expect(decoder.load).toEqual(IDLE);
  });
});

test("sharp's settings for the whole process are the host's: untouched", async () => {
  sharp.cache({ memory: 17, files: 3, items: 5 });
  sharp.concurrency(3);
  const { memory, files, items } = sharp.cache();
  await decode(picture("avif"));
  await codeOf(picture("jpeg").subarray(0, 300));
  expect(sharp.concurrency()).toBe(3);
  expect(sharp.cache()).toMatchObject({
    memory: { max: memory.max },
    files: { max: files.max },
    items: { max: items.max },
  });
  const source = readFileSync("src/internal/decode.ts", "utf8");
  expect(source).not.toMatch(/sharp\.(cache|concurrency|simd|block|unblock)\b/);
});
