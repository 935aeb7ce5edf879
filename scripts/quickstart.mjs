// Shows countenance at work on the sample photos of the npm package @vladmandic/face-api: finds
// faces, registers people, verifies a true and a false claim, searches, refuses a stranger and bad
// files, judges videos, reopens the database, and draws what it saw. Every result is checked: a wrong
// one fails.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { CountenanceError, openCountenance } from "countenance";
import sharp from "sharp";

import { annotate } from "./annotate.mjs";
import { framesOf, sceneOf, writeClip } from "./synthetic-clip.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, "out");
const database = join(out, "quickstart.db");
const demo = join(
  dirname(createRequire(import.meta.url).resolve("@vladmandic/face-api/package.json")),
  "demo",
);
const photo = (number) => join(demo, `sample${number}.jpg`);

/** Made-up ids for the people of two group photos, from left to right. */
const PEOPLE = { 3: ["bea", "ada", "cleo"], 6: ["dora", "emma", "fay", "gwen"] };
/** Taken on another evening: two people who are not registered, and ada at the right. */
const OTHER_EVENING = 1;

async function quickstart() {
  await mkdir(out, { recursive: true });
  for (const suffix of ["", "-wal", "-shm", "-lock"]) await rm(database + suffix, { force: true });

  heading("Open");
  let faces = await timed(
    () => openCountenance({ path: database }),
    ({ engine }) => `models and a new database: ${engine.modelId}, ${engine.threads} threads`,
  );

  heading("Find faces and register people");
  const crops = {};
  for (const [number, ids] of Object.entries(PEOPLE)) {
    const found = await timed(
      () => faces.engine.analyze({ path: photo(number) }),
      (list) => `sample${number}.jpg: ${list.length} faces`,
    );
    assert.equal(found.length, ids.length);
    for (const [i, { box }] of leftToRight(found).entries()) crops[ids[i]] = await cut(number, box);
  }
  for (const id of Object.keys(crops)) {
    const options = { gallery: "guests", metadata: { photo: "a sample" } };
    await timed(
      () => faces.register(id, crops[id], options),
      ({ subjectId }) => `registered ${subjectId}`,
    );
  }

  heading("Verify (1:1)");
  const seen = leftToRight(await faces.engine.analyze({ path: photo(OTHER_EVENING) }));
  assert.equal(seen.length, 3);
  const [stranger, , ada] = await Promise.all(seen.map(({ box }) => cut(OTHER_EVENING, box)));
  await writeFile(join(out, "ada.jpg"), crops.ada);
  await writeFile(join(out, "probe.jpg"), ada);
  await verify(faces, "ada", ada, "ada on another evening", "match");
  await verify(faces, "ada", crops.bea, "bea, who claims to be ada", "no-match");

  heading("Search (1:N)");
  await search(faces, ada, "ada", "match");
  await search(faces, await worsen(crops.emma), "emma", "match");
  await search(faces, stranger, "a stranger", "no-match");

  heading("Refuse what cannot be judged");
  await refused("a photo without a face", "COUNTENANCE_NO_FACE", () =>
    faces.register("nobody", {
      data: new Uint8Array(320 * 240),
      width: 320,
      height: 240,
      channels: 1,
    }),
  );
  await refused("a photo with three faces", "COUNTENANCE_MULTIPLE_FACES", () =>
    faces.register("nobody", { path: photo(OTHER_EVENING) }),
  );
  await refused("a broken file", "COUNTENANCE_IMAGE_UNREADABLE", () =>
    faces.register("nobody", crops.ada.subarray(0, crops.ada.length / 2)),
  );

  heading("Judge videos: does a living person blink?");
  await judgeVideos(faces);

  heading("Close, reopen, search again");
  await faces.close();
  faces = await timed(
    () => openCountenance({ path: database }),
    () => "opened the same file again",
  );
  await search(faces, await worsen(crops.gwen), "gwen", "match");

  heading("Draw");
  for (const [number, name] of [
    [6, "guests.png"],
    [OTHER_EVENING, "other-evening.png"],
  ]) {
    const found = await faces.engine.analyze({ path: photo(number) });
    const labelled = [];
    for (const { box, template } of found) {
      const { decision, candidates } = await faces.search(template, { gallery: "guests" });
      const [{ subjectId, distance }] = candidates;
      const known = decision.kind === "match";
      labelled.push({
        box,
        known,
        label: `${known ? subjectId : "no-match"} ${distance.toFixed(2)}`,
      });
    }
    const file = join(out, name);
    await annotate(photo(number), labelled, file);
    print(`wrote ${relative(root, file)}`);
  }
  await faces.close();
  print("wrote out/ada.jpg and out/probe.jpg, for the first example of README.md");
  process.stdout.write("\nAll of it worked. Next: README.md, docs/, npm test.\n");
}

/** Ada's photo as two clips, made on the spot: in one of them a program draws her lids down and up. */
async function judgeVideos(faces) {
  const [, ada] = leftToRight(await faces.engine.analyze({ path: photo(3) }));
  const scene = await sceneOf(photo(3), ada);
  const [blinking, still] = ["blinking.mp4", "still.mp4"].map((name) => join(out, name));
  await writeClip(blinking, framesOf(scene, { blinksAtMs: [1300] }));
  await writeClip(still, framesOf(scene));

  const passed = await timed(
    () => faces.liveness.blink({ path: blinking }),
    ({ live, blinks }) => `photo with drawn lids, 3 s: live ${live}, ${blinkTimes(blinks)}`,
  );
  assert(passed.live && passed.blinks.length === 1);
  const { decision } = await timed(
    () => faces.verify("ada", { video: { path: blinking } }),
    (v) => `the same clip as ada: ${v.decision.kind} (distance ${v.distance.toFixed(3)})`,
  );
  assert.equal(decision.kind, "match");
  const refusal = await timed(
    () => faces.liveness.blink({ path: still }),
    ({ live, reasons }) => `the photo as it is, 3 s: live ${live}, ${reasons.join(", ")}`,
  );
  assert.deepEqual([refusal.live, refusal.reasons[0]], [false, "NO_BLINK"]);
  await refused("registering by it", "COUNTENANCE_NOT_LIVE", () =>
    faces.register("nobody", { video: { path: still } }),
  );
  const bytes = await readFile(still);
  await refused("a broken video", "COUNTENANCE_VIDEO_UNREADABLE", () =>
    faces.liveness.blink(bytes.subarray(0, bytes.length / 2)),
  );
  print(
    "The clip that passed was made by a program, from one photo: a blink stops photos that are",
  );
  print("held before the camera. It does not stop a video of the person, replayed or made up.");
}

function blinkTimes(blinks) {
  const times = blinks.map(({ peakMs }) => `${(peakMs / 1000).toFixed(2)} s`);
  return `${blinks.length} blink at ${times.join(", ")}`;
}

async function verify(faces, id, probe, who, expected) {
  const { decision } = await timed(
    () => faces.verify(id, probe),
    (v) =>
      `${who}: ${v.decision.kind} (distance ${v.distance.toFixed(3)}, threshold ${v.threshold}, ` +
      `estimated FMR ${v.fmr.toExponential(0)})`,
  );
  assert.equal(decision.kind, expected);
}

async function search(faces, probe, who, expected) {
  const { decision } = await timed(
    () => faces.search(probe, { gallery: "guests", limit: 3 }),
    ({ decision, candidates, comparisons }) =>
      `${who}: ${decision.kind} among ${comparisons} faces; nearest ` +
      candidates.map((c) => `${c.subjectId} ${c.distance.toFixed(3)}`).join(", "),
  );
  assert.equal(decision.kind, expected);
  if (expected === "match") assert.equal(decision.candidate.subjectId, who);
}

async function refused(what, code, work) {
  const error = await work().catch((thrown) => thrown);
  assert(error instanceof CountenanceError && error.code === code, error);
  print(`${what}: ${error.code}: ${error.message}`);
}

function leftToRight(found) {
  return [...found].sort((a, b) => a.box.x - b.box.x);
}

/** A portrait: the face's box with half a face around it. */
function cut(number, { x, y, width, height }) {
  const region = {
    left: Math.max(0, Math.round(x - width / 2)),
    top: Math.max(0, Math.round(y - height / 2)),
    width: Math.round(width * 2),
    height: Math.round(height * 2),
  };
  return sharp(photo(number)).extract(region).jpeg({ quality: 95 }).toBuffer();
}

/** Another take of a face of which there is only one photo: mirrored, darker, more compressed. */
function worsen(portrait) {
  return sharp(portrait).flop().modulate({ brightness: 0.7 }).jpeg({ quality: 60 }).toBuffer();
}

function heading(text) {
  process.stdout.write(`\n${text}\n`);
}

function print(text) {
  process.stdout.write(`  ${text}\n`);
}

async function timed(work, describe) {
  const started = performance.now();
  const result = await work();
  print(`${describe(result)} [${(performance.now() - started).toFixed(0)} ms]`);
  return result;
}

await quickstart();
