import { posix } from "node:path";

import ts from "typescript";

/**
 * The rules of "Who may import whom": pure functions over a map from path to text, so that the test
 * can plant forbidden edges. Paths are relative to the repository, with forward slashes.
 */
export type Files = ReadonlyMap<string, string>;

/** All violations, one sentence each; empty when the house is in order. */
export function violations(files: Files, packages: readonly string[]): string[] {
  return [...files].flatMap(([path, text]) => [
    ...nameViolations(path),
    ...textViolations(path, text),
    ...(path.startsWith("src/") ? importViolations(files, path, text, packages) : []),
    ...(/\.(h|cpp|inc)$/.test(path) ? includeViolations(files, path, text) : []),
  ]);
}

const DRAWERS = /(^|[-_./])(utils?|helpers?|managers?|common|misc|types)([-_./]|$)/;

function nameViolations(path: string): string[] {
  const shape = path.endsWith(".ts")
    ? /^[a-z0-9-]+(\.(test|config|d))?\.ts$/
    : /^[a-z0-9_]+\.(h|cpp|inc)$/;
  const wanted = path.endsWith(".ts") ? "kebab-case.ts" : "snake_case.h or .cpp";
  return [
    ...(shape.test(posix.basename(path)) ? [] : [`${path}: a file is named ${wanted}`]),
    ...(DRAWERS.test(path) ? [`${path}: the name says nothing (util, helper, types ...)`] : []),
  ];
}

function textViolations(path: string, text: string): string[] {
  const line = text.split("\n").findIndex((content) => /[^\t\x20-\x7e]/.test(content));
  return line < 0 ? [] : [`${path}:${String(line + 1)}: source is printable ASCII`];
}

// ---- TypeScript -------------------------------------------------------------------------------

/** No native code, no I/O: they may import each other and nothing else. */
const PURE = new Set(
  // errors and these two internal files are what the others need: held to the same rule.
  [
    "errors",
    "internal/validate",
    "internal/typed-array",
    "face",
    "template",
    "decision",
    "calibration",
    "pipeline",
    "liveness/blink",
    "liveness/blink-rules",
    "liveness/blink-shape",
    "liveness/blink-signal",
    "liveness/challenge-steps",
    "liveness/challenge-verdict",
    "liveness/continuity",
    "liveness/frame-fields",
    "liveness/head-turns",
    "liveness/median",
    "liveness/one-take",
    "liveness/passive-rules",
    "liveness/reasons",
    "liveness/replay-cues",
    "liveness/same-person",
    "liveness/tracked-frame",
    "liveness/video-format",
    "liveness/frame-reader",
    "evaluate/attack-rates",
    "evaluate/clopper-pearson",
  ].map((name) => `src/${name}.ts`),
);

/** The engine room of register, verify and search: stores serve it and never know it. */
const FACADE = new Set(
  ["index", "countenance", "engine", "galleries", "subjects", "duplicates"].map(
    (name) => `src/${name}.ts`,
  ),
);

/** Rooms that mount in front of the library and see what its users see. */
const OUTER = ["src/http/", "src/compat/", "src/sessions/", "src/webhooks/", "src/geofence/"];

/** The library's users shall not load a converter. */
const MAY_CONVERT = /^src\/(conversion|cli)\//;

/** The only file of the library that starts processes: others would do it without its limits. */
const STARTS_PROCESSES = /^src\/(liveness\/ffmpeg\.ts|cli\/.*)$/;

/** The library's users shall not load a measurement. */
const MAY_EVALUATE = /^src\/(evaluate|cli)\//;

function importViolations(
  files: Files,
  path: string,
  text: string,
  packages: readonly string[],
): string[] {
  const found: string[] = [];
  const deny = (specifier: string, rule: string) =>
    found.push(`${path} imports ${specifier}: ${rule}`);

  for (const specifier of importsOf(text)) {
    if (!specifier.startsWith(".")) {
      if (path.startsWith("src/testing/") && specifier !== "node:assert/strict") {
        deny(specifier, "src/testing uses node:assert/strict only");
      }
      if (PURE.has(path)) deny(specifier, "this file is pure");
      if (/^(node:)?(child_process|cluster)$/.test(specifier) && !STARTS_PROCESSES.test(path)) {
        deny(specifier, "only src/liveness/ffmpeg.ts starts processes");
      }
      const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
      if (!specifier.startsWith("node:") && !packages.includes(name)) {
        deny(specifier, "only node: and the dependencies in package.json");
      }
      continue;
    }
    const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts");
    if (!files.has(target)) deny(specifier, "there is no such file in src/");
    if (target === "src/index.ts") deny(specifier, "nothing imports index.ts");
    if (PURE.has(path) && !PURE.has(target)) deny(specifier, "this file is pure");
    if (path.startsWith("src/internal/") && !isInternalOrErrors(target)) {
      deny(specifier, "src/internal uses errors only");
    }
    if (path.startsWith("src/conversion/") && !isConversionOrErrors(target)) {
      deny(specifier, "src/conversion uses errors only");
    }
    if (target.startsWith("src/conversion/") && !MAY_CONVERT.test(path)) {
      deny(specifier, "only the command line converts models");
    }
    if (target.startsWith("src/evaluate/") && !MAY_EVALUATE.test(path)) {
      deny(specifier, "only the command line evaluates");
    }
    if (path.startsWith("src/stores/") && FACADE.has(target)) {
      deny(specifier, "stores never import the facade");
    }
    if (/^src\/(http|compat)\//.test(path) && !isPublic(target)) {
      deny(specifier, "http and compat use only the public API");
    }
    if (path.startsWith("src/testing/") && !isContract(text, specifier, target)) {
      deny(specifier, "src/testing uses only public types");
    }
    if (target.startsWith("src/testing/") && !path.startsWith("src/testing/")) {
      deny(specifier, "the library does not test itself");
    }
  }
  if (path !== "src/internal/native.ts" && /\bcreateRequire\b|\bdlopen\b/.test(text)) {
    found.push(`${path}: only src/internal/native.ts loads the addon`);
  }
  return found;
}

function isInternalOrErrors(target: string): boolean {
  return target.startsWith("src/internal/") || target === "src/errors.ts";
}

function isConversionOrErrors(target: string): boolean {
  return target.startsWith("src/conversion/") || target === "src/errors.ts";
}

function isPublic(target: string): boolean {
  return /^src\/[^/]+\.ts$/.test(target) || OUTER.some((room) => target.startsWith(room));
}

/** What the suite for stores may know: its own files, and types of what a store's author sees. */
function isContract(text: string, specifier: string, target: string): boolean {
  if (target.startsWith("src/testing/")) return true;
  const isType = text
    .split(";")
    .filter((statement) => statement.includes(`"${specifier}"`))
    .every((statement) => /^\s*(import|export) type\b/.test(statement));
  return isType && (target === "src/stores/store.ts" || target === "src/errors.ts");
}

/** Every import, type import, export from, import() and require(), but none inside a comment. */
function importsOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

// ---- C++ --------------------------------------------------------------------------------------

/** Our rooms: what each may include besides itself. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  nn: ["core"],
  vision: ["core", "nn"],
  index: ["core"],
  store: ["core", "index"],
  napi: ["core", "nn", "vision", "index", "store"],
  tools: ["core", "nn", "vision"],
  // Glue for the build of others' sources.
  third_party: [],
};

/** The first word of a stage's files; native/vision/pipeline joins them. */
const STAGES = new Set([
  "hog",
  "blazeface",
  "yunet",
  "minifasnet",
  "search",
  "mesh",
  "landmarks",
  "align",
  "embed",
  "quality",
  "pose",
  "iris",
  "eyes",
  "clarity",
]);

/** Third parties: the rooms that may include them. */
const THIRD_PARTIES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(napi|node_api|js_native_api|uv|node)\w*\.h$/, ["napi"]],
  [/^sqlite3\w*\.h$/, ["store"]],
  [/^faiss\//, ["index"]],
  [/^dlib\//, ["vision", "tools"]],
  [/^hwy\//, ["nn", "index"]],
];

/** Headers of the C++ standard library have no dot; of C's, no slash; core has nothing else. */
const STANDARD = /^[a-z_]+$/;
const SYSTEM = /^([a-z_0-9]+\.h|sys\/[a-z_]+\.h)$/;

function includeViolations(files: Files, path: string, text: string): string[] {
  const found: string[] = [];
  const room = /^native\/([^/]+)\//.exec(path)?.[1];
  for (const { header, quoted } of includesOf(text)) {
    const deny = (rule: string) => found.push(`${path} includes ${header}: ${rule}`);
    const target = ownFile(files, path, header);
    if (path.startsWith("test/native/reference/")) {
      if (target?.startsWith("native/")) deny("the reference shares no file with native/");
      continue;
    }
    if (room === undefined) continue;
    if (target !== undefined) {
      const to = target.split("/")[1] ?? "";
      if (to !== room && !ROOMS[room]?.includes(to)) deny(`${room} may not use ${to}`);
      if (stagesApart(path, target)) deny("stages never include each other, only pipeline does");
      continue;
    }
    const party = THIRD_PARTIES.find(([headers]) => headers.test(header));
    if (party !== undefined) {
      if (!party[1].includes(room)) deny(`only ${party[1].join(" and ")} may`);
    } else if (quoted) {
      deny("there is no such file under native/");
    } else if (!STANDARD.test(header) && (room === "core" || !SYSTEM.test(header))) {
      deny(`${room} has no such third party`);
    }
  }
  if (room !== undefined && ROOMS[room] === undefined) found.push(`${path}: no such room`);
  return found;
}

/** Whether `to` is a stage of native/vision, and `from` neither a part of it nor the pipeline. */
function stagesApart(from: string, to: string): boolean {
  const file = (path: string) => /^native\/vision\/([a-z]+)/.exec(path)?.[1] ?? "";
  if (!from.startsWith("native/vision/") || !STAGES.has(file(to))) return false;
  return file(from) !== file(to) && file(from) !== "pipeline";
}

function ownFile(files: Files, path: string, header: string): string | undefined {
  return [`native/${header}`, posix.join(posix.dirname(path), header)].find((candidate) =>
    files.has(candidate),
  );
}

function includesOf(text: string): { header: string; quoted: boolean }[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  return [...code.matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)].map((match) => ({
    header: match[2] ?? "",
    quoted: match[1] === '"',
  }));
}
