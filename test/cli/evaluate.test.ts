import { spawn, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createEngine } from "../../src/engine.js";
import { packageRoot } from "../../src/internal/native.js";
import { testClip } from "../clips.js";
import { passiveModels } from "../fixtures/passive-models.js";
import { portraits, rawPixels } from "../fixtures/photos.js";

const program = join(packageRoot(), "dist", "cli", "main.js");
let models: string; // to them, warm colours are live
let folder: string;
beforeAll(async () => {
  models = await passiveModels("tiny");
  folder = await mkdtemp(join(tmpdir(), "countenance-evaluate-"));
  for (const name of ["live", "spoof/cold", "spoof/odd"]) {
    await mkdir(join(folder, name), { recursive: true });
  }
  await using engine = await createEngine({ models, threads: 1 });
  const [portrait] = await portraits(engine, 1);
  if (portrait === undefined) throw new Error("expected a face");
  const warm = await rawPixels(portrait, 320);
  const even = {
    ...warm,
    width: 2 * Math.floor(warm.width / 2),
    height: 2 * Math.floor(warm.height / 2),
  };
  await writeFile(join(folder, "live/a.jpg"), portrait);
  await writeFile(join(folder, "live/broken.jpg"), "no picture");
  await writeFile(
    join(folder, "spoof/cold/a.png"),
    await sharp(portrait)
      .recomb([
        [0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
      ])
      .png()
      .toBuffer(),
  );
  const pixels = await sharp(portrait)
    .resize(even.width, even.height, { fit: "fill" })
    .removeAlpha()
    .raw()
    .toBuffer();
  const still = { data: pixels, width: even.width, height: even.height, channels: 3 as const };
  await writeFile(
    join(folder, "spoof/odd/still.mp4"),
    await testClip({ frames: Array.from({ length: 30 }, () => still) }),
  );
  await writeFile(join(folder, "notes.txt"), "");
});
afterAll(async () => {
  await rm(models, { recursive: true });
  await rm(folder, { recursive: true });
});

function evaluate(...args: readonly string[]) {
  const all = [program, "evaluate", "liveness", ...args, "--models", models];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("a folder of one's own is measured, and a bad file does not end the run", () => {
  const { status, stdout, stderr } = evaluate(folder, "--json");
  expect(status).toBe(0);
  expect(stderr).toContain("4/4 spoof/odd/still.mp4");
  expect(stderr).toContain("live/broken.jpg: COUNTENANCE_IMAGE_UNREADABLE");
  const report: unknown = JSON.parse(stdout);
  expect(report).toMatchObject({
    counts: {
      live: 2,
      attacks: { cold: 1, odd: 1 },
      failed: { COUNTENANCE_IMAGE_UNREADABLE: 1 },
      others: 1,
    },
    // A still photo of a living person's colours passes these networks, and does not blink.
    blink: { apcer: { odd: { errors: 0, answered: 1 } } },
    files: [
      { file: "live/a.jpg", species: null },
      { file: "live/broken.jpg", error: "COUNTENANCE_IMAGE_UNREADABLE" },
      { file: "spoof/cold/a.png", species: "cold" },
      { file: "spoof/odd/still.mp4", blink: { live: false } },
    ],
  });
  const { points } = report as { points: readonly { point: string }[] };
  expect(points.find(({ point }) => point === "balanced")).toMatchObject({
    rates: {
      apcer: { cold: { errors: 0, answered: 1 }, odd: { errors: 1, answered: 1 } },
      bpcer: { errors: 0, answered: 1, unanswered: 1 },
    },
  });
});

test("people get tables, and the threshold that they ask for", () => {
  const { status, stdout } = evaluate(folder, "--bpcer", "0.1");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\| balanced \| 0\.50 \| APCER cold \| 0\.000 \| 0 \/ 1 \|/m);
  expect(stdout).toContain("## Suggested threshold");
});

test.each<[string, readonly string[]]>([
  ["a folder that is not there", ["/nowhere/at/all"]],
  ["a rate above 1", [".", "--apcer", "2"]],
  ["two wanted rates", [".", "--apcer", "0.1", "--bpcer", "0.1"]],
  ["no duration", [".", "--max-duration", "soon"]],
])("%s is INVALID_ARGUMENT", (_what, args) => {
  const { status, stderr } = evaluate(...args);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^COUNTENANCE_INVALID_ARGUMENT: /m);
});

test("without the networks the run ends with MODEL_MISSING, and says how to add them", async () => {
  const without = await passiveModels("none");
  try {
    const all = [program, "evaluate", "liveness", folder, "--models", without];
    const { status, stderr } = spawnSync(process.execPath, all, { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^COUNTENANCE_MODEL_MISSING: .*countenance models add minifasnet/m);
  } finally {
    await rm(without, { recursive: true });
  }
});

test("an interrupt ends the run with ABORTED and no report", async () => {
  const child = spawn(process.execPath, [
    program,
    "evaluate",
    "liveness",
    folder,
    "--models",
    models,
  ]);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  const status = new Promise((resolve) => child.once("close", resolve));
  child.stderr.on("data", (text: Buffer) => {
    if (stderr === "") child.kill("SIGINT"); // at the first file's line
    stderr += text.toString();
  });
  expect(await status).toBe(1);
  expect(stderr).toContain("COUNTENANCE_ABORTED");
  expect(stdout).toBe("");
});
