import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import sharp, { type Sharp } from "sharp";

import { createEngine, type Engine } from "../../src/engine.js";
import { DETECTORS, type Detector } from "../../src/engine-options.js";
import { CountenanceError } from "../../src/errors.js";
import type { Face } from "../../src/face.js";
import type { BenchCase, Row } from "../case.js";
import { repository } from "../paths.js";
import { writePhoto720 } from "../photo.js";
import { summarise } from "../statistics.js";
import { forAll, LFW_DEV, picturesByPerson } from "./strangers.js";

const PHOTOS = ["deepface", "face_recognition"].map((name) =>
  join(repository, "../shared/data/photos", name),
);
/** Every n-th picture is turned, or made small. */
const EVERY = 20;
const ROLLS = [0, 15, 30, 45, 60, 75, 90];
/** Sides of the picture by the side of what it is pasted into; its face is 0.37 of it. */
const SHRUNK = [1, 1 / 3, 1 / 6, 1 / 9, 1 / 12];
const CANVAS = 1920;
/** A face is found as it stands when the line of its eyes is turned by this much at most. */
const MOST_TILT = 30;
const SAME_FACE = 0.3;
const PHOTO_RUNS = 40;

/** What each detector finds, with FaceMesh's alignment: the study behind the default. */
export const detection: BenchCase = {
  name: "detection",
  summary: "recall of each detector, turned and small faces, on ../shared/data",
  async run(progress) {
    if (!existsSync(LFW_DEV)) {
      return { rows: [{ name: "analyze", unavailable: "no ../shared/data/lfw-dev" }], ratios: {} };
    }
    const rows: Row[] = [];
    const facts: Record<string, number | string> = {};
    const onPhotos = new Map<Detector, readonly (readonly Face[])[]>();
    for (const detector of DETECTORS) {
      const engine = await engineOf(detector);
      if (engine === undefined) {
        rows.push({ name: detector, unavailable: `npx countenance models add ${detector} <file>` });
        continue;
      }
      const say = (key: string, value: number | string) => (facts[`${detector}: ${key}`] = value);
      progress(detector);
      rows.push({ name: detector, ...summarise(await photoTimes(engine)) });
      await onLfw(engine, say);
      await onTurned(engine, say);
      await onSmall(engine, say);
      onPhotos.set(detector, await facesOfPhotos(engine));
      await engine.close();
    }
    compare(onPhotos, facts);
    return { rows, ratios: {}, facts };
  },
};

type Say = (key: string, value: number | string) => void;

async function engineOf(detector: Detector): Promise<Engine | undefined> {
  try {
    return await createEngine({ detector, alignment: "mesh", precision: "f32" });
  } catch (error) {
    if (error instanceof CountenanceError && error.code === "COUNTENANCE_MODEL_MISSING") return;
    throw error;
  }
}

async function photoTimes(engine: Engine): Promise<readonly number[]> {
  const { data, info } = await sharp(await writePhoto720())
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const timesMs: number[] = [];
  for (let i = 0; i < PHOTO_RUNS; i++) {
    const started = performance.now();
    await engine.analyze({ data, width, height, channels: 3 }, { embed: false });
    timesMs.push(performance.now() - started);
  }
  return timesMs;
}

async function onLfw(engine: Engine, say: Say): Promise<void> {
  const pictures = picturesByPerson().flat();
  let missed = 0;
  await forAll(pictures, engine.threads, async (path) => {
    if ((await engine.analyze({ path }, { embed: false })).length === 0) missed++;
  });
  say("lfw-dev", `a face in ${String(pictures.length - missed)} of ${String(pictures.length)}`);
}

async function onTurned(engine: Engine, say: Say): Promise<void> {
  const pictures = picturesByPerson()
    .flat()
    .filter((_, i) => i % EVERY === 0);
  for (const roll of ROLLS) {
    let found = 0;
    let upright = 0;
    await forAll(pictures, engine.threads, async (path) => {
      const faces = await engine.analyze(await picture(sharp(path).rotate(roll)), { embed: false });
      if (faces.length > 0) found++;
      if (faces.some((face) => Math.abs(turn(rollOf(face) - roll)) <= MOST_TILT)) upright++;
    });
    const share = (count: number) => (count / pictures.length).toFixed(4);
    say(`roll ${String(roll)}`, `found ${share(found)}, as it stands ${share(upright)}`);
  }
}

async function onSmall(engine: Engine, say: Say): Promise<void> {
  const pictures = picturesByPerson()
    .flat()
    .filter((_, i) => i % (3 * EVERY) === 0);
  for (const share of SHRUNK) {
    let found = 0;
    await forAll(pictures, engine.threads, async (path, i) => {
      const height = (CANVAS * 9) / 16;
      const side = Math.round(share * height);
      // Somewhere, the same for every detector.
      const left = Math.round(((i * 37) % 97) * ((CANVAS - side) / 97));
      const top = Math.round(((i * 53) % 89) * ((height - side) / 89));
      const input = await sharp(path).resize(side, side).toBuffer();
      const background = { r: 90, g: 100, b: 110 };
      const canvas = sharp({ create: { width: CANVAS, height, channels: 3, background } });
      const faces = await engine.analyze(await picture(canvas.composite([{ input, left, top }])), {
        embed: false,
      });
      if (faces.some(({ box }) => box.x + box.width > left && box.x < left + side)) found++;
    });
    const face = Math.round(0.37 * share * ((CANVAS * 9) / 16));
    say(`faces of ${String(face)} px in ${String(CANVAS)}`, found / pictures.length);
  }
}

async function picture(image: Sharp) {
  const { data, info } = await image
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return { data, width, height, channels: info.channels === 1 ? 1 : 3 } as const;
}

/** Degrees by which the line of the outer corners of the eyes is turned. */
function rollOf({ landmarks: [right, , left] }: Face): number {
  if (right === undefined || left === undefined) return NaN;
  return (Math.atan2(right.y - left.y, right.x - left.x) * 180) / Math.PI;
}

function turn(degrees: number): number {
  return degrees - 360 * Math.round(degrees / 360);
}

async function facesOfPhotos(engine: Engine): Promise<readonly (readonly Face[])[]> {
  const paths = PHOTOS.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
    .filter((path) => /\.jpe?g$/.test(path))
    .sort();
  return Promise.all(paths.map((path) => engine.analyze({ path }, { embed: false })));
}

/** How many of one detector's faces another one finds too. */
function compare(
  found: ReadonlyMap<Detector, readonly (readonly Face[])[]>,
  facts: Record<string, number | string>,
): void {
  for (const [detector, photos] of found) {
    facts[`${detector}: photos`] =
      `${String(photos.flat().length)} faces, none in ` +
      `${String(photos.filter((faces) => faces.length === 0).length)} of ${String(photos.length)}`;
    for (const [other, others] of found) {
      if (other === detector) continue;
      const both = photos.flatMap((faces, i) =>
        faces.filter((face) => others[i]?.some((theirs) => overlap(face, theirs) > SAME_FACE)),
      ).length;
      facts[`${detector}: photos, found by ${other} too`] = both;
    }
  }
}

function overlap({ box: a }: Face, { box: b }: Face): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a.width * a.height + b.width * b.height - shared);
}
