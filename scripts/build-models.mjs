// Converts the models of models/manifest.json to our container, checks both ends by sha256, and runs
// each converted network once against what an independent implementation computed (test/golden).
// Idempotent. Called by scripts/setup.sh, which fetches the sources and builds converters and addon.
//   node scripts/build-models.mjs [--check | --force]
// --check only says, by its exit status, whether all are there; --force converts again.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dlibConverter = join(root, "build", "cmake-release", "convert_dlib");
const conversion = (file) => import(pathToFileURL(join(root, "build", "conversion", file)).href);
const dlibKinds = { embedding: "embedder", landmarks: "landmarks" };
const HINT = "run: npm run build:models";

function fail(message) {
  console.error(`build-models: ${message}`);
  process.exit(1);
}

function sha256(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Where a source's files are: out of Debian's archive, or in the npm package that it names. */
function folderOf(source) {
  const [, npmPackage] = /^npm package (\S+) /.exec(source.package) ?? [];
  return npmPackage ? join(root, "node_modules", npmPackage) : join(root, "third_party", "models");
}

function checkedSource(source, { file, sha256: expected }) {
  const path = join(folderOf(source), file);
  if (!existsSync(path)) fail(`${file} is missing; ${HINT}`);
  const got = sha256(path);
  if (got !== expected) fail(`${path}: expected sha256 ${expected}, got ${got}; ${HINT}`);
  return path;
}

async function convert(model) {
  const { source } = model;
  const weights = checkedSource(source, source);
  const target = join(root, "models", model.file);
  const made = `${target}.tmp`;
  const properties = {
    id: model.id,
    licence: model.licence,
    "source.package": source.package,
    "source.file": source.file,
    "source.sha256": source.sha256,
    input: model.input,
    output: model.output,
    ...(model.pipeline && { pipeline: model.pipeline }),
  };
  if (source.graph) {
    const { convertTfjs } = await conversion("tfjs.js");
    const { bytes } = convertTfjs({
      graph: readFileSync(checkedSource(source, source.graph), "utf8"),
      weights: readFileSync(weights),
      outputs: source.outputs,
      properties,
    });
    writeFileSync(made, bytes);
  } else {
    if (!existsSync(dlibConverter)) fail(`the converter ${dlibConverter} is missing; ${HINT}`);
    const pairs = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
    const kind = dlibKinds[model.job];
    execFileSync(dlibConverter, [kind, weights, made, ...pairs], { stdio: "inherit" });
  }
  try {
    await verify(model, made);
    renameSync(made, target);
  } finally {
    rmSync(made, { force: true });
  }
  console.log(`models/${model.file}: made`);
}

async function verify(model, path) {
  const bytes = readFileSync(path);
  const { goldenPicture, goldenDifference } = await conversion("golden.js");
  const { native } = await conversion("native.js");
  const golden = JSON.parse(readFileSync(join(root, "test", "golden", `${model.id}.json`), "utf8"));
  const kind = dlibKinds[model.job] ?? "network";
  const outputs = native().runModel(kind, bytes, goldenPicture(golden.input));
  const difference = goldenDifference(golden, new Map(Object.entries(outputs)));
  if (golden.source !== model.source.sha256) {
    throw new Error(
      `test/golden/${model.id}.json is of another source: see scripts/make-goldens.mjs`,
    );
  }
  if (difference) {
    throw new Error(
      `${model.file} computes something else than ${golden.reference} (test/golden/${model.id}.json): ` +
        `the converter or a kernel is wrong. ${difference}`,
    );
  }
  const hash = sha256(path);
  if (hash !== model.sha256) {
    throw new Error(
      `${model.file}: expected sha256 ${model.sha256}, got ${hash} (${bytes.length} bytes)`,
    );
  }
}

const [mode] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(root, "models", "manifest.json"), "utf8"));
for (const model of manifest.models) {
  const target = join(root, "models", model.file);
  const good = existsSync(target) && sha256(target) === model.sha256;
  if (mode === "--check") {
    if (!good) process.exit(1);
  } else if (good && mode !== "--force") {
    console.log(`models/${model.file}: up to date`);
  } else {
    await convert(model).catch((error) => fail(error.message));
  }
}
