import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

import { expect, test } from "vitest";

import { violations } from "./architecture.js";

const SOURCES = new Set([".ts", ".h", ".cpp", ".inc"]);
const PACKAGES = ["sharp", "commander"];

function sourcesOf(...folders: string[]): Map<string, string> {
  const paths = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
  );
  return new Map(
    paths
      .filter((path) => SOURCES.has(extname(path)))
      .map((path) => [path.replaceAll("\\", "/"), readFileSync(path, "utf8")]),
  );
}

function planted(...files: [path: string, text: string][]): string[] {
  return violations(new Map(files), PACKAGES);
}

test("the house is in order", () => {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
    dependencies: Record<string, string>;
  };
  expect(violations(sourcesOf("src", "native", "test"), Object.keys(dependencies))).toEqual([]);
});

/** Each forbidden edge: the file, its text, a file that it may reach, a word of the rule. */
const FORBIDDEN: [path: string, text: string, other: string, rule: string][] = [
  ["src/engine.ts", 'import "./index.js";', "src/index.ts", "nothing imports index.ts"],
  ["src/engine.ts", 'import "./absent.js";', "src/index.ts", "no such file"],
  ["src/engine.ts", 'import "vitest";', "src/index.ts", "dependencies"],
  ["src/engine.ts", 'import x from "@scope/thing/deep";', "src/index.ts", "dependencies"],
  ["src/face.ts", 'import "node:fs";', "src/index.ts", "pure"],
  ["src/template.ts", 'import "sharp";', "src/index.ts", "pure"],
  ["src/decision.ts", 'import { e } from "./engine.js";', "src/engine.ts", "pure"],
  ["src/calibration.ts", 'export * from "./models.js";', "src/models.ts", "pure"],
  [
    "src/liveness/blink.ts",
    'import type { N } from "../internal/native.js";',
    "src/internal/native.ts",
    "pure",
  ],
  ["src/internal/task.ts", 'import "../face.js";', "src/face.ts", "errors only"],
  ["src/conversion/onnx.ts", 'import "../models.js";', "src/models.ts", "errors only"],
  [
    "src/engine.ts",
    'import "./conversion/onnx.js";',
    "src/conversion/onnx.ts",
    "command line converts",
  ],
  [
    "src/liveness/passive.ts",
    'import "../evaluate/attack-rates.js";',
    "src/evaluate/attack-rates.ts",
    "command line evaluates",
  ],
  ["src/evaluate/attack-rates.ts", 'import "../engine.js";', "src/engine.ts", "pure"],
  ["src/stores/memory.ts", 'import "../countenance.js";', "src/countenance.ts", "facade"],
  ["src/stores/sqlite.ts", 'await import("../engine.js");', "src/engine.ts", "facade"],
  ["src/http/auth.ts", 'import "../internal/task.js";', "src/internal/task.ts", "public API"],
  ["src/compat/kyc/routes.ts", 'import "../../stores/a.js";', "src/stores/a.ts", "public API"],
  [
    "src/testing/rules-ids.ts",
    'import type { S } from "../stores/sqlite.js";',
    "src/stores/sqlite.ts",
    "public types",
  ],
  [
    "src/testing/rules-ids.ts",
    'import { CODES } from "../errors.js";',
    "src/errors.ts",
    "public types",
  ],
  ["src/testing/trial.ts", 'import "node:fs";', "src/index.ts", "node:assert/strict only"],
  ["src/stores/sqlite.ts", 'import "../testing/trial.js";', "src/testing/trial.ts", "test itself"],
  ["src/engine.ts", "process.dlopen(module, path);", "src/index.ts", "loads the addon"],
  ["src/engine.ts", 'import "node:child_process";', "src/index.ts", "starts processes"],
  ["src/liveness/video.ts", 'await import("node:cluster");', "src/index.ts", "starts processes"],
  ["src/face-helper.ts", "", "src/index.ts", "says nothing"],
  ["src/internal/types.ts", "", "src/index.ts", "says nothing"],
  ["src/util/angle.ts", "", "src/index.ts", "says nothing"],
  ["src/faceBox.ts", "", "src/index.ts", "kebab-case"],
  ["native/core/FaceBox.h", "", "src/index.ts", "snake_case"],
  ["native/core/face.h", "// caf\u00e9", "src/index.ts", "ASCII"],
  ["native/core/image.cpp", '#include "nn/net.h"', "native/nn/net.h", "core may not use nn"],
  ["native/core/image.cpp", "#include <unistd.h>", "src/index.ts", "no such third party"],
  ["native/core/image.cpp", '#include "absent.h"', "src/index.ts", "no such file"],
  ["native/nn/net.cpp", '#include "index/flat.h"', "native/index/flat.h", "nn may not use index"],
  ["native/nn/net.cpp", "#include <dlib/dnn.h>", "src/index.ts", "only vision"],
  ["native/index/flat.cpp", '#include "nn/net.h"', "native/nn/net.h", "index may not use nn"],
  ["native/index/flat.cpp", "#include <sqlite3.h>", "src/index.ts", "only store"],
  ["native/store/sql.h", '  #  include "napi/task.h"', "native/napi/task.h", "may not use napi"],
  ["native/store/sql.h", "#include <faiss/Index.h>", "src/index.ts", "only index"],
  ["native/store/sql.h", "#include <boost/any.hpp>", "src/index.ts", "no such third party"],
  ["native/vision/embed.cpp", "#include <napi.h>", "src/index.ts", "only napi"],
  ["native/vision/embed.cpp", '#include "align.h"', "native/vision/align.h", "stages"],
  ["native/vision/embed.cpp", '#include "vision/align.h"', "native/vision/align.h", "stages"],
  ["native/vision/dlib_image.h", '#include "vision/align.h"', "native/vision/align.h", "stages"],
  ["native/vision/mesh.cpp", '#include "vision/yunet.h"', "native/vision/yunet.h", "stages"],
  ["native/vision/detection.h", '#include "vision/hog.h"', "native/vision/hog.h", "stages"],
  ["native/vision/embed.cpp", '#include "store/sql.h"', "native/store/sql.h", "may not use store"],
  ["native/drawer/x.h", "", "src/index.ts", "no such room"],
  ["test/native/reference/a.cpp", '#include "core/face.h"', "native/core/face.h", "shares no file"],
];

test.each(FORBIDDEN)("%s with %j is found", (path, text, other, rule) => {
  expect(planted([path, text], [other, ""])).toEqual([expect.stringContaining(rule)]);
});

test("what the rules allow is not found", () => {
  expect(
    planted(
      ["src/errors.ts", ""],
      ["src/face.ts", 'import type { T } from "./template.js";'],
      ["src/template.ts", 'import { id } from "./internal/validate.js";'],
      ["src/internal/validate.ts", 'import { CountenanceError } from "../errors.js";'],
      ["src/internal/native.ts", 'import { createRequire } from "node:module";'],
      ["src/image.ts", '// import "./index.js"\nimport sharp from "sharp";'],
      ["src/index.ts", 'export * from "./image.js";'],
      ["src/liveness/ffmpeg.ts", 'import { spawn } from "node:child_process";'],
      ["src/stores/store.ts", 'import type { B } from "../face.js";'],
      [
        "src/testing/trial.ts",
        'import assert from "node:assert/strict";\nimport type { S } from "../stores/store.js";',
      ],
      ["src/testing/store-conformance.ts", 'import { T } from "./trial.js";'],
      ["src/conversion/tfjs.ts", 'import { CountenanceError } from "../errors.js";'],
      ["src/cli/models.ts", 'import "../conversion/tfjs.js";'],
      ["native/core/image.h", "#include <vector>\n// #include <napi.h>"],
      ["native/index/flat.h", "#include <faiss/Index.h>"],
      ["native/store/database.cpp", '#include <sqlite3.h>\n#include "index/flat.h"'],
      ["native/vision/hog.h", '#include "core/image.h"'],
      ["native/vision/hog.cpp", '#include "vision/hog.h"\n#include <dlib/image.h>'],
      ["native/vision/detection.h", '#include "core/image.h"'],
      ["native/vision/blazeface.h", '#include "vision/detection.h"'],
      ["native/vision/pipeline.cpp", '#include "vision/hog.h"'],
      ["native/napi/addon.cpp", '#include <napi.h>\n#include "vision/pipeline.cpp"'],
    ),
  ).toEqual([]);
});
