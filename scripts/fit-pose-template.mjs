// Fits native/vision/pose_template.cpp anew: the mean face whose turns are the poses of faces.
//
//   node scripts/fit-pose-template.mjs [folder of photos]...
//
// FaceMesh's points (x, y, depth) of the faces in photos are laid over each other (generalised
// Procrustes analysis), averaged, made symmetric and turned so that the median face of the photos
// looks straight ahead. Only points that no expression moves much are taken.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import sharp from "sharp";

import { createEngine } from "../dist/index.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const addon = require(join(root, "build/Release/countenance.node"));
const mesh = readFileSync(join(root, "models/facemesh.bin"));

/** Down the middle: forehead, bridge and ridge of the nose. */
const MIDDLE = [10, 151, 9, 8, 168, 6, 197, 195, 5, 4];
/** Forehead, temples, corners of the eyes, cheekbones: left and right in the picture. */
const PAIRS = [
  [109, 338],
  [108, 337],
  [67, 297],
  [69, 299],
  [103, 332],
  [104, 333],
  [54, 284],
  [21, 251],
  [162, 389],
  [127, 356],
  [33, 263],
  [133, 362],
  [143, 372],
  [111, 340],
  [116, 345],
  [117, 346],
  [123, 352],
  [50, 280],
];
const POINTS = [...MIDDLE, ...PAIRS.flat()];

const SIDE = 192; // FaceMesh's input
const LEAST_FACE = 60; // pixels
const MOST_TURN = 30; // degrees: depth is worst where a cheek is hidden

const demo = join(dirname(require.resolve("@vladmandic/face-api/package.json")), "demo");
const defaults = [
  ...["deepface", "face_recognition"].map((name) => join(root, "../shared/data/photos", name)),
  demo,
];
const folders = process.argv.length > 2 ? process.argv.slice(2) : defaults;
const photos = folders
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .filter((path) => /\.jpe?g$/.test(path))
  .sort();

const add = (a, b) => a.map((value, i) => value + b[i]);
const scale = (a, factor) => a.map((value) => value * factor);
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const turn = (matrix, point) => matrix.map((row) => dot(row, point));
const times = (a, b) => a.map((row) => [0, 1, 2].map((c) => dot(row, [b[0][c], b[1][c], b[2][c]])));
const transposed = (m) => [0, 1, 2].map((c) => m.map((row) => row[c]));
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** The square of the photo that FaceMesh looks at, upright, as its input. */
function crop({ data, width, height }, face) {
  const [right, , left] = face.landmarks;
  const roll = Math.atan2(right.y - left.y, right.x - left.x);
  const side = 1.5 * Math.max(face.box.width, face.box.height);
  const centre = {
    x: face.box.x + (face.box.width - 1) / 2,
    y: face.box.y + (face.box.height - 1) / 2,
  };
  const step = side / SIDE;
  const samples = Math.max(1, Math.round(step));
  const input = new Float32Array(SIDE * SIDE * 3);
  for (let v = 0; v < SIDE; v++) {
    for (let u = 0; u < SIDE; u++) {
      for (let s = 0; s < samples ** 2; s++) {
        const dx = (u + ((s % samples) + 0.5) / samples - SIDE / 2) * step;
        const dy = (v + (Math.floor(s / samples) + 0.5) / samples - SIDE / 2) * step;
        const x = Math.round(centre.x + dx * Math.cos(roll) - dy * Math.sin(roll));
        const y = Math.round(centre.y + dx * Math.sin(roll) + dy * Math.cos(roll));
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        for (let c = 0; c < 3; c++) {
          input[(v * SIDE + u) * 3 + c] += data[(y * width + x) * 3 + c] / 255 / samples ** 2;
        }
      }
    }
  }
  return input;
}

/** Centred, of root mean square size 1. */
function normalised(points) {
  const mean = scale(points.reduce(add), 1 / points.length);
  const centred = points.map((point) => add(point, scale(mean, -1)));
  const size = Math.sqrt(centred.reduce((sum, point) => sum + dot(point, point), 0));
  return centred.map((point) => scale(point, Math.sqrt(points.length) / size));
}

/** The rotation that brings `from` closest to `to` (Horn 1987, by unit quaternions). */
function rotation(from, to) {
  const s = [0, 1, 2].map((r) =>
    [0, 1, 2].map((c) => from.reduce((sum, point, i) => sum + point[r] * to[i][c], 0)),
  );
  const trace = s[0][0] + s[1][1] + s[2][2];
  const delta = [s[1][2] - s[2][1], s[2][0] - s[0][2], s[0][1] - s[1][0]];
  const n = [
    [trace, ...delta],
    ...[0, 1, 2].map((r) => [
      delta[r],
      ...[0, 1, 2].map((c) => s[r][c] + s[c][r] - (r === c ? trace : 0)),
    ]),
  ];
  const shift = 4 * Math.max(...n.flat().map(Math.abs)); // makes all eigenvalues positive
  let q = [1, 0.01, 0.02, 0.03];
  for (let i = 0; i < 3000; i++) {
    q = n.map((row, r) => dot(row, q) + shift * q[r]);
    q = scale(q, 1 / Math.sqrt(dot(q, q)));
  }
  const [w, x, y, z] = q;
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
}

/** Yaw and pitch in degrees of a rotation, as native/vision/pose.h says them. */
function aim([[, , x], [, , y], [, , z]]) {
  const degrees = 180 / Math.PI;
  return { yaw: Math.atan2(-x, z) * degrees, pitch: Math.atan2(-y, Math.hypot(x, z)) * degrees };
}

function symmetric(points) {
  const at = new Map(POINTS.map((index, i) => [index, points[i]]));
  const mirror = ([x, y, z]) => [-x, y, z];
  const mean = (a, b) => scale(add(a, b), 0.5);
  return [
    ...MIDDLE.map((index) => mean(at.get(index), mirror(at.get(index)))),
    ...PAIRS.flatMap(([left, right]) => [
      mean(at.get(left), mirror(at.get(right))),
      mean(mirror(at.get(left)), at.get(right)),
    ]),
  ];
}

const engine = await createEngine();
const hash = createHash("sha256");
const shapes = [];
for (const photo of photos) {
  hash.update(createHash("sha256").update(readFileSync(photo)).digest());
  const { data, info } = await sharp(photo)
    .autoOrient()
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (const face of await engine.analyze({ path: photo }, { embed: false })) {
    if (face.box.width < LEAST_FACE) continue;
    const input = crop({ data, width: info.width, height: info.height }, face);
    const { points, flag } = addon.runModel("network", mesh, input);
    if (flag[0] < 0.99) continue;
    shapes.push(normalised(POINTS.map((index) => [...points.subarray(3 * index, 3 * index + 3)])));
  }
}
await engine.close();

let template = symmetric(shapes[0]);
let used = [];
for (let round = 0; round < 12; round++) {
  const turns = shapes.map((shape) => rotation(template, shape));
  used = turns
    .map((matrix, i) => ({ matrix, shape: shapes[i], ...aim(matrix) }))
    .filter(({ yaw, pitch }) => Math.abs(yaw) <= MOST_TURN && Math.abs(pitch) <= MOST_TURN);
  const sum = used
    .map(({ matrix, shape }) => shape.map((point) => turn(transposed(matrix), point)))
    .reduce((a, b) => a.map((point, i) => add(point, b[i])));
  template = normalised(symmetric(normalised(sum)));
  // The median face looks straight ahead.
  const pitch = (median(used.map((face) => face.pitch)) * Math.PI) / 180;
  const [c, s] = [Math.cos(pitch), Math.sin(pitch)];
  template = template.map(([x, y, z]) => [x, c * y - s * z, s * y + c * z]);
}

const rows = POINTS.map(
  (index, i) => `    {${index}, {${template[i].map((v) => `${v.toFixed(5)}F`).join(", ")}}},\n`,
);
const target = join(root, "native/vision/pose_template.cpp");
writeFileSync(
  target,
  `#include "vision/pose_template.h"

namespace countenance {

// Written by scripts/fit-pose-template.mjs from ${used.length} faces of ${photos.length} photos
// (deepface's and face_recognition's tests, face-api's samples). sha256 of the photos' sha256, in
// order of their paths: ${hash.digest("hex")}
const std::array<TemplatePoint, ${POINTS.length}> kPoseTemplate = {{
${rows.join("")}}};

}  // namespace countenance
`,
);
execFileSync("clang-format", ["-i", target]);
const spread = (key) => {
  const sorted = used.map((face) => face[key]).sort((a, b) => a - b);
  return [0.05, 0.25, 0.5, 0.75, 0.95].map((p) => sorted[Math.floor(p * sorted.length)].toFixed(1));
};
console.log(`${target}: ${used.length} of ${shapes.length} faces of ${photos.length} photos`);
console.log(`yaw ${spread("yaw").join(" ")}, pitch ${spread("pitch").join(" ")} (5 25 50 75 95 %)`);
