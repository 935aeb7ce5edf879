// Makes test/golden/<model>.json: what an independent implementation computes for a made-up picture
// (src/conversion/golden.ts). Needed only when a model or the picture changes; the files are
// committed. After `npm run setup`:
//   node scripts/make-goldens.mjs tfjs <folder with node_modules/@tensorflow/tfjs, such as bench>
//   node scripts/make-goldens.mjs dlib
//   node scripts/make-goldens.mjs onnx <folder with node_modules/onnxruntime-node> <id>=<file> ...
// onnxruntime-node is no dependency of the project: `npm install --ignore-scripts onnxruntime-node`
// in a folder of its own.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { goldenOutput, goldenPicture } from "../build/conversion/golden.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "models", "manifest.json"), "utf8"));

/** Part of an output's largest number that is rounding: sums in another order, 100 layers deep. */
const TOLERANCE = 2e-5;

/** The values' range that a model's `input` in the manifest states. */
const RANGES = {
  "blazeface-back-256": { height: 256, width: 256, channels: 3, low: -1, high: 1 },
  "facemesh-192": { height: 192, width: 192, channels: 3, low: 0, high: 1 },
  "iris-64": { height: 64, width: 64, channels: 3, low: 0, high: 1 },
};

function write(id, reference, source, input, outputs) {
  const path = join(root, "test", "golden", `${id}.json`);
  const made = outputs.map(([name, values, tolerance = TOLERANCE]) =>
    goldenOutput(name, values, tolerance),
  );
  const golden = { reference, source, input, outputs: made };
  writeFileSync(path, JSON.stringify(golden));
  execFileSync("npx", ["--no-install", "prettier", "--write", path]);
  console.log(path);
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const peersOf = (folder) => createRequire(join(resolve(folder), "package.json"));

async function tfjs(folder) {
  const tf = peersOf(folder)("@tensorflow/tfjs");
  await tf.setBackend("cpu"); // plain JavaScript: no kernel in common with anybody
  for (const model of manifest.models.filter(({ source }) => source.graph)) {
    const human = join(root, "node_modules", "@vladmandic", "human");
    const json = JSON.parse(readFileSync(join(human, model.source.graph.file), "utf8"));
    const weights = readFileSync(join(human, model.source.file));
    const network = await tf.loadGraphModel({
      load: async () => ({
        ...json,
        weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
        weightData: new Uint8Array(weights).buffer,
      }),
    });
    const input = RANGES[model.id];
    const { height, width, channels } = input;
    const names = Object.entries(model.source.outputs);
    const results = network.execute(
      tf.tensor(goldenPicture(input), [1, height, width, channels]),
      names.map(([, node]) => node),
    );
    const outputs = names.map(([name], i) => [name, results[i].dataSync()]);
    write(model.id, `TF.js ${tf.version.tfjs}, CPU backend`, sha256(weights), input, outputs);
  }
}

function dlib() {
  const build = join(root, "build", "cmake-release");
  execFileSync("cmake", ["--build", build, "--target", "dlib_chain"], { stdio: "inherit" });
  const folder = mkdtempSync(join(tmpdir(), "countenance-golden-"));
  const input = { height: 150, width: 150, channels: 3, low: 0, high: 255, whole: true };
  const header = Buffer.alloc(8);
  header.writeUInt32LE(input.width, 0);
  header.writeUInt32LE(input.height, 4);
  writeFileSync(join(folder, "chip"), Buffer.concat([header, Buffer.from(goldenPicture(input))]));
  const program = join(build, "test", "native", "reference", "dlib_chain");
  const models = join(root, "third_party", "models");
  const printed = execFileSync(program, [models, "--chip", join(folder, "chip")]);
  rmSync(folder, { recursive: true });
  const { landmarks, embedding } = JSON.parse(printed);
  const [embedder, predictor] = ["embedding", "landmarks"].map((job) =>
    manifest.models.find((model) => model.job === job),
  );
  const reference = "dlib 19.24, test/native/reference/dlib_chain";
  write(embedder.id, reference, embedder.source.sha256, input, [["embedding", embedding]]);
  write(predictor.id, reference, predictor.source.sha256, input, [["points", landmarks, 0]]);
}

async function onnx(folder, models) {
  const ort = peersOf(folder)("onnxruntime-node");
  const { version } = peersOf(folder)("onnxruntime-node/package.json");
  for (const model of models) {
    const [id, path] = model.split("=");
    const bytes = readFileSync(path);
    const session = await ort.InferenceSession.create(bytes);
    const [{ shape }] = session.inputMetadata;
    const [, channels, height, width] = shape.map((side) => (side > 0 ? side : 640));
    const input = { height, width, channels, low: 0, high: 255, whole: true };
    // ONNX keeps [channels][height][width].
    const picture = goldenPicture(input);
    const pixels = height * width;
    const planes = picture.map((_, i) => picture[(i % pixels) * channels + Math.floor(i / pixels)]);
    const tensor = new ort.Tensor("float32", planes, [1, channels, height, width]);
    const results = await session.run({ [session.inputNames[0]]: tensor });
    const outputs = session.outputNames.map((name) => [name, results[name].data]);
    write(id, `onnxruntime-node ${version}`, sha256(bytes), input, outputs);
  }
}

const [kind, folder, ...models] = process.argv.slice(2);
if (kind === "tfjs" && folder) await tfjs(folder);
else if (kind === "dlib") dlib();
else if (kind === "onnx" && models.length > 0) await onnx(folder, models);
else throw new Error("usage: see the head of this file");
