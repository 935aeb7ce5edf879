// Fits native/vision/align_template.cpp anew: where FaceMesh's points lie, on average, on the chips
// that dlib cuts out of photos (HOG detector and 5-point predictor).
//
//   node scripts/fit-mesh-template.mjs [folder of photos]...
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import sharp from "sharp";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, "native/vision/align_template.cpp");
const defaults = ["deepface", "face_recognition"].map((name) =>
  join(root, "../shared/data/photos", name),
);

const folders = process.argv.length > 2 ? process.argv.slice(2) : defaults;
const photos = folders
  .flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)))
  .filter((path) => /\.jpe?g$/.test(path))
  .sort();

const run = (file, args) =>
  execFileSync(file, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
run("cmake", ["--preset", "release", "-DCOUNTENANCE_BENCH=ON"]);
run("cmake", ["--build", "--preset", "release", "--target", "mesh_template"]);

const temporary = mkdtempSync(join(tmpdir(), "countenance-template-"));
try {
  const hash = createHash("sha256");
  const pictures = [];
  for (const [i, photo] of photos.entries()) {
    hash.update(createHash("sha256").update(readFileSync(photo)).digest());
    const { data, info } = await sharp(photo)
      .autoOrient()
      .toColourspace("srgb")
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const path = join(temporary, `${i}.ppm`);
    writeFileSync(path, `P6\n${info.width} ${info.height}\n255\n`);
    appendFileSync(path, data);
    pictures.push(path);
  }
  const program = join(root, "build/cmake-release/bench/native/mesh_template");
  const [faces, ...points] = run(program, [join(root, "models"), ...pictures])
    .trim()
    .split("\n");
  const rows = points.map((point) => {
    const [x, y] = point.split(" ");
    return `    {${x}F, ${y}F},\n`;
  });
  writeFileSync(
    target,
    `#include "vision/align_template.h"

namespace countenance {

// Written by scripts/fit-mesh-template.mjs from ${faces} faces of ${photos.length} photos
// (deepface's and face_recognition's tests). sha256 of the photos' sha256, in order of their paths:
// ${hash.digest("hex")}
const std::array<Point, 468> kMeshTemplate = {{
${rows.join("")}}};

}  // namespace countenance
`,
  );
  run("clang-format", ["-i", target]);
  console.log(`${target}: ${faces} faces of ${photos.length} photos`);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
