import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

import sharp from "sharp";

import { cacheFolder, repository } from "./paths.js";

/** The demo photos of the npm package @vladmandic/face-api: real people, several to a picture. */
const SAMPLES = [1, 2, 3, 4, 5, 6];

function samplePath(number: number): string {
  const manifest = createRequire(join(repository, "package.json")).resolve(
    "@vladmandic/face-api/package.json",
  );
  return join(dirname(manifest), "demo", `sample${String(number)}.jpg`);
}

/** Writes a 1280 x 720 JPEG with one clear face, cut from sample3.jpg; its path. */
export async function writePhoto720(): Promise<string> {
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(cacheFolder, "photo720.jpg");
  await sharp(samplePath(3))
    .extract({ left: 200, top: 240, width: 860, height: 484 }) // the person at the left, alone
    .resize(1280, 720, { fit: "fill" })
    .jpeg({ quality: 90 })
    .toFile(path);
  return path;
}

/** The demo photos. */
export function samplePhotos(): readonly string[] {
  return SAMPLES.map(samplePath);
}

/**
 * Writes photos as binary PPM, which native programs read without a decoder; their paths.
 */
export async function writePictures(
  photos: readonly string[] = samplePhotos(),
): Promise<readonly string[]> {
  mkdirSync(cacheFolder, { recursive: true });
  return Promise.all(
    photos.map(async (photo) => {
      const { data, info } = await sharp(photo)
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const path = join(cacheFolder, `${basename(photo, ".jpg")}.ppm`);
      const header = `P6\n${String(info.width)} ${String(info.height)}\n255\n`;
      writeFileSync(path, Buffer.concat([Buffer.from(header), data]));
      return path;
    }),
  );
}
