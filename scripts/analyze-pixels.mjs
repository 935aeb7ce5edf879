// Analyses a sample photo with the addon alone, and prints the faces as JSON: scripts/test-levels.sh
// compares what an emulated plain CPU finds with what this machine's does.
//   node scripts/analyze-pixels.mjs pixels <file>   writes the photo's pixels
//   node scripts/analyze-pixels.mjs faces <file>    analyses them
//   node scripts/analyze-pixels.mjs compare <a> <b> whether two results are equal but for rounding

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const WIDTH = 800;
const SETTINGS = [
  { detector: "hog", alignment: "dlib", precision: "f32" },
  { detector: "hog", alignment: "dlib", precision: "int8" },
  { detector: "blazeface", alignment: "mesh", precision: "f32" },
];
/**
 * Kernels of other levels add in another order. Embeddings of one chip differ by 5e-7 then, int8 by
 * nothing; BlazeFace's and the mesh's points move by 1e-4 pixels, and embeddings by 4e-5.
 */
const MOST_VECTOR = 2e-4;
const MOST_BOX = 0.05; // pixels

/** sharp's own library needs a newer CPU than the addon: this part runs on the machine's. */
async function writePixels(file) {
  const { default: sharp } = await import("sharp");
  const package_ = createRequire(import.meta.url).resolve("@vladmandic/face-api/package.json");
  const photo = sharp(join(dirname(package_), "demo", "sample1.jpg"));
  writeFileSync(file, await photo.resize({ width: WIDTH }).removeAlpha().raw().toBuffer());
}

async function faces(file) {
  const { native } = await import("../build/conversion/native.js");
  const model = (name) => new Uint8Array(readFileSync(join(root, "models", name)));
  const results = [];
  for (const settings of SETTINGS) {
    const engine = native().createEngine({
      embedder: model("dlib-resnet-v1.bin"),
      detection: settings.detector === "hog" ? undefined : model("blazeface.bin"),
      mesh: model("facemesh.bin"),
      iris: model("iris.bin"),
      landmarks: settings.alignment === "dlib" ? model("dlib-landmarks-5.bin") : undefined,
      threads: 1,
      queueLimit: 1,
      ...settings,
    });
    const loaded = await engine.done;
    const pixels = new Uint8Array(readFileSync(file));
    const height = pixels.length / WIDTH / 3;
    const found = await loaded.analyze(pixels, WIDTH, height, 3, 100, true).done;
    results.push({
      count: found.count,
      boxes: Array.from(found.boxes),
      embeddings: Array.from(found.embeddings),
    });
    loaded.close();
  }
  console.log(JSON.stringify(results));
}

function compare(...files) {
  const [a, b] = files.map((file) => JSON.parse(readFileSync(file, "utf8")));
  const most = (x, y) => Math.max(...x.map((value, i) => Math.abs(value - y[i])));
  for (const [i, settings] of SETTINGS.entries()) {
    const [one, other] = [a[i], b[i]];
    const boxes = most(one.boxes, other.boxes);
    const vectors = most(one.embeddings, other.embeddings);
    const equal =
      one.count > 0 && one.count === other.count && boxes <= MOST_BOX && vectors <= MOST_VECTOR;
    console.log(
      `${equal ? "ok  " : "FAIL"} ${Object.values(settings).join(", ")}: ` +
        `${one.count} faces and ${other.count}; boxes differ by ${boxes.toPrecision(2)} pixels, ` +
        `embeddings by ${vectors.toPrecision(2)}`,
    );
    if (!equal) process.exitCode = 1;
  }
}

const [command, ...files] = process.argv.slice(2);
await { pixels: writePixels, faces, compare }[command](...files);
