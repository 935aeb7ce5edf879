import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createEngine, type Engine } from "../../src/engine.js";
import type { RawImage } from "../../src/image.js";
import { samplePath } from "../fixtures/photos.js";

// What dlib_chain (test/native/reference) prints for one picture.
interface OracleFace {
  readonly box: readonly number[];
  readonly landmarks: readonly number[];
  readonly embedding: readonly number[];
}

const root = join(import.meta.dirname, "../..");
const build = join(root, "build", "cmake-release");
const photos = join(root, "..", "shared", "data", "photos");
const present = existsSync(photos); // not part of the project

let engine: Engine;
let folder: string;
beforeAll(async () => {
  // What dlib does, as dlib does it.
  engine = await createEngine({ detector: "hog", alignment: "dlib", precision: "f32" });
  folder = mkdtempSync(join(tmpdir(), "countenance-oracle-"));
  // Half a minute of dlib on an idle machine, once: nothing but this test needs it.
  execFileSync("cmake", ["--build", build, "--target", "dlib_chain"], { stdio: "pipe" });
}, 600_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine.close();
});

async function pixelsOf(path: string): Promise<RawImage> {
  const { data, info } = await sharp(path)
    .rotate()
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}

function oracle(pictures: readonly RawImage[]): readonly (readonly OracleFace[])[] {
  const paths = pictures.map(({ data, width, height }, i) => {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(width, 0);
    header.writeUInt32LE(height, 4);
    const path = join(folder, `${String(i)}.rgb`);
    writeFileSync(path, Buffer.concat([header, new Uint8Array(data)]));
    return path;
  });
  const program = join(build, "test", "native", "reference", "dlib_chain");
  const output = execFileSync(program, [join(root, "third_party", "models"), ...paths], {
    maxBuffer: 2 ** 28,
  });
  return output
    .toString()
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { faces: readonly OracleFace[] }).faces);
}

/** Checks boxes and points for equality; returns the largest difference of a vector's element. */
async function largestDifference(paths: readonly string[]): Promise<number> {
  const pictures = await Promise.all(paths.map(pixelsOf));
  const expected = oracle(pictures);
  let largest = 0;
  for (const [i, picture] of pictures.entries()) {
    const faces = await engine.analyze(picture);
    const reference = expected[i] ?? [];
    expect(faces).toHaveLength(reference.length);
    for (const { box, landmarks, template } of faces) {
      const edges = [box.x, box.y, box.width, box.height];
      const same = reference.find((face) => face.box.every((v, e) => Math.fround(v) === edges[e]));
      expect(landmarks.flatMap(({ x, y }) => [x, y])).toEqual(same?.landmarks);
      for (const [k, value] of (same?.embedding ?? []).entries()) {
        largest = Math.max(largest, Math.abs(value - (template?.vector[k] ?? NaN)));
      }
    }
  }
  return largest;
}

test("group photos give the vectors of dlib's own chain", async () => {
  const paths = [1, 2, 3, 4, 5, 6].map(samplePath);
  expect(await largestDifference(paths)).toBeLessThanOrEqual(1e-4);
});

test.skipIf(!present)(
  "portraits give the vectors of dlib's own chain (needs ../shared/data/photos)",
  async () => {
    for (const set of ["deepface", "face_recognition"]) {
      const names = readdirSync(join(photos, set)).filter((name) => /\.jpe?g$/.test(name));
      const paths = names.map((name) => join(photos, set, name));
      for (let i = 0; i < paths.length; i += 16) {
        expect(await largestDifference(paths.slice(i, i + 16))).toBeLessThanOrEqual(1e-4);
      }
    }
  },
  300_000,
);

test.skipIf(!present)(
  "a vector that others published for a photo is near ours (needs ../shared/data/photos)",
  async () => {
    const set = join(photos, "face_recognition");
    const { vector } = JSON.parse(readFileSync(join(set, "obama.vector.json"), "utf8")) as {
      vector: readonly number[];
    };
    const ours = await engine.embed({ path: join(set, "obama.jpg") });
    // Published with 68-point alignment, ours has five points.
    expect(Math.hypot(...vector.map((v, i) => v - (ours.vector[i] ?? NaN)))).toBeLessThan(0.12);
  },
);
