import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import sharp from "sharp";

import type { Engine } from "../../src/engine.js";
import { LFW_DEV, picturesByPerson } from "../accuracy/strangers.js";
import { repository } from "../paths.js";
import { samplePhotos } from "../photo.js";

/** A print: a photo, cut around one face and scaled; all in its own pixels. */
export interface Print {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Centre of the detected box, and its width. */
  readonly face: { readonly x: number; readonly y: number; readonly size: number };
  readonly eyes: readonly [EyePlace, EyePlace];
}

export interface EyePlace {
  readonly x: number;
  readonly y: number;
}

/** Which photo a clip shows. */
export interface StillPhoto {
  readonly path: string;
  readonly kind: "plain" | "glasses" | "half-closed";
}

const PHOTOS = join(repository, "../shared/data/photos");
/** What the print shows on each side of the face's centre, in widths of the face. */
const SHOWN = 1.7;

/**
 * Chosen by eye from every twelfth person of lfw-dev (by name, from the sixth on): persons with
 * glasses, and with eyes half closed by a smile, by age, in a blink or looking down.
 */
const LFW_STRIDE = 12;
const LFW_FIRST = 5;
const LFW_GLASSES = [10, 14, 23, 26, 40, 80, 98, 107, 114, 140, 148, 193, 205, 209];
const LFW_HALF_CLOSED = [11, 19, 20, 33, 41, 60, 121, 139, 167, 172, 242];
/** Pictures of several people, and of people seen from far. */
const CROWDS = new Set([
  "couple.jpg",
  "selfie-many-people.jpg",
  "img27.jpg",
  "examples-test-kit_with_rose.jpg",
  "examples-test-obama_and_biden.jpg",
]);
const WITH_GLASSES = new Set(["img24.jpg", "img25.jpg"]);

/** All photos, in an order that does not change; undefined when the data are not there. */
export function stillPhotos(): readonly StillPhoto[] | undefined {
  if (!existsSync(PHOTOS) || !existsSync(LFW_DEV)) return undefined;
  const photos = ["deepface", "face_recognition"].flatMap((folder) =>
    readdirSync(join(PHOTOS, folder))
      .filter((file) => /\.jpe?g$/.test(file) && !CROWDS.has(file))
      .sort()
      .map((file): StillPhoto => ({
        path: join(PHOTOS, folder, file),
        kind: WITH_GLASSES.has(file) ? "glasses" : "plain",
      })),
  );
  const people = picturesByPerson().filter((_, i) => i % LFW_STRIDE === LFW_FIRST);
  const lfw = (numbers: readonly number[], kind: StillPhoto["kind"]) =>
    numbers.flatMap((number) => people[number]?.slice(0, 1) ?? []).map((path) => ({ path, kind }));
  return [
    ...photos,
    ...samplePhotos().map((path): StillPhoto => ({ path, kind: "plain" })),
    ...lfw(LFW_GLASSES, "glasses"),
    ...lfw(LFW_HALF_CLOSED, "half-closed"),
  ];
}

/**
 * The print of a photo whose largest face is `facePx` wide.
 * @returns Undefined when no face is found.
 */
export async function printOf(
  engine: Engine,
  photo: StillPhoto,
  facePx: number,
): Promise<Print | undefined> {
  const { data, info } = await sharp(photo.path)
    .rotate()
    .flatten()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const channels = info.channels === 1 ? 1 : 3;
  const raw = { data, width, height, channels } as const;
  const [found] = await engine.analyze(raw, { maxFaces: 1, embed: false });
  if (found === undefined) return undefined;
  const { box, landmarks } = found;
  const [rightOuter, rightInner, leftOuter, leftInner] = landmarks;
  if (!rightOuter || !rightInner || !leftOuter || !leftInner) return undefined;

  const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const left = Math.max(0, Math.round(centre.x - SHOWN * box.width));
  const top = Math.max(0, Math.round(centre.y - SHOWN * box.width));
  const right = Math.min(width, Math.round(centre.x + SHOWN * box.width));
  const bottom = Math.min(height, Math.round(centre.y + SHOWN * box.width));
  const scale = facePx / box.width;
  const print = await sharp(data, { raw: { width, height, channels } })
    .extract({ left, top, width: right - left, height: bottom - top })
    .resize(Math.round((right - left) * scale), Math.round((bottom - top) * scale), { fit: "fill" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const place = (x: number, y: number) => ({ x: (x - left) * scale, y: (y - top) * scale });
  return {
    pixels: rgb(print.data, print.info.channels),
    width: print.info.width,
    height: print.info.height,
    face: { ...place(centre.x, centre.y), size: facePx },
    eyes: [
      place((leftOuter.x + leftInner.x) / 2, (leftOuter.y + leftInner.y) / 2),
      place((rightOuter.x + rightInner.x) / 2, (rightOuter.y + rightInner.y) / 2),
    ],
  };
}

function rgb(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return pixels;
  const wide = new Uint8Array((pixels.length / channels) * 3);
  for (let i = 0; i < wide.length; i++) wide[i] = pixels[Math.floor(i / 3) * channels] ?? 0;
  return wide;
}
