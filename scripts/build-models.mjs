// Converts the models of models/manifest.json to our container, and checks both ends by sha256.
// Idempotent. Called by scripts/setup.sh, which fetches the sources and builds the converter.
//   node scripts/build-models.mjs [--check | --force]
// --check only says, by its exit status, whether all are there; --force converts again.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const sources = join(root, "third_party", "models");
const converter = join(root, "build", "cmake-release", "convert_dlib");
const kinds = { embedding: "embedder", landmarks: "landmarks" };

function fail(message) {
  console.error(`build-models: ${message}`);
  process.exit(1);
}

function sha256(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function convert(model) {
  const source = join(sources, model.source.file);
  if (!existsSync(source) || !existsSync(converter)) {
    fail(`${model.source.file} or the converter is missing; run: npm run build:models`);
  }
  const got = sha256(source);
  if (got !== model.source.sha256) {
    fail(
      `${source}: expected sha256 ${model.source.sha256}, got ${got}; run: npm run build:models`,
    );
  }
  const target = join(root, "models", model.file);
  const made = `${target}.tmp`;
  const properties = {
    id: model.id,
    licence: model.licence,
    "source.package": model.source.package,
    "source.file": model.source.file,
    "source.sha256": model.source.sha256,
    input: model.input,
    output: model.output,
    pipeline: model.pipeline,
  };
  const pairs = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  execFileSync(converter, [kinds[model.job], source, made, ...pairs], { stdio: "inherit" });
  const hash = sha256(made);
  if (hash !== model.sha256) {
    const bytes = readFileSync(made).length;
    rmSync(made);
    fail(`${model.file}: expected sha256 ${model.sha256}, got ${hash} (${bytes} bytes)`);
  }
  renameSync(made, target);
  console.log(`models/${model.file}: made`);
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
    convert(model);
  }
}
