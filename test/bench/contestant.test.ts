import { expect, test } from "vitest";

import { ContestantProcess, NotAvailable, type Contestant } from "../../bench/contestant.js";
import { race } from "../../bench/race.js";

/** A Node program that says it is ready, then answers each line of stdin with `answer`. */
function program(answer: string, vector = [1, 2]): Contestant["prepare"] {
  const source = `
    const { writeSync } = require("node:fs");
    writeSync(3, JSON.stringify({ note: "ready", vectors: [${JSON.stringify(vector)}] }) + "\\n");
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      ${answer}
    });`;
  return () => Promise.resolve({ command: process.execPath, args: ["-e", source] });
}

const twoMs = `
  const timesMs = Array(Number(line)).fill(2);
  writeSync(3, JSON.stringify({ timesMs }) + "\\n");`;
const honest = program(twoMs);
const other = program(twoMs, [1, 3]);
const dying = program(`console.error("Error: out of luck"); process.exit(3);`);
const quiet = { rounds: 3, iterations: 4, progress: () => undefined };

test("a contestant says its results once and its times per round", async () => {
  const { process, ready } = await ContestantProcess.start(await honest());
  expect(ready).toEqual({ note: "ready", vectors: [[1, 2]] });
  expect(await process.round(3)).toEqual([2, 2, 2]);
  process.stop();
});

test("a program that does not exist is not available", async () => {
  await expect(
    ContestantProcess.start({ command: "/nowhere/at-all", args: [] }),
  ).rejects.toBeInstanceOf(NotAvailable);
});

test("a round of a contestant that has ended fails at once, with its last complaint", async () => {
  const { process } = await ContestantProcess.start(await dying());
  await expect(process.round(1)).rejects.toThrow("out of luck");
  await expect(process.round(1)).rejects.toThrow("out of luck");
});

test("a race counts every round but the first, and goes on without those that fail", async () => {
  const { rows, ready } = await race(
    [
      { name: "honest", prepare: honest },
      { name: "dying", prepare: dying },
      { name: "absent", prepare: () => Promise.reject(new NotAvailable("not on this machine")) },
    ],
    quiet,
  );
  expect(rows).toMatchObject([
    { name: "honest", samples: 12, p50Ms: 2, note: "ready" },
    { name: "dying", unavailable: "Error: out of luck" },
    { name: "absent", unavailable: "not on this machine" },
  ]);
  expect([...ready.keys()]).toEqual(["honest", "dying"]);
});

test("a row with another output than the row that it must be like is not timed", async () => {
  const { rows } = await race(
    [
      { name: "model", prepare: honest },
      { name: "same", prepare: honest, like: { row: "model", maxAbsolute: 0 } },
      { name: "unlike", prepare: other, like: { row: "model", maxAbsolute: 0.5 } },
      { name: "unchecked", prepare: honest, like: { row: "absent", maxAbsolute: 1 } },
    ],
    quiet,
  );
  expect(rows).toMatchObject([
    { name: "model", samples: 12 },
    { name: "same", samples: 12 },
    { name: "unlike", unavailable: expect.stringContaining("1.0e+0") as string },
    { name: "unchecked", unavailable: expect.stringContaining("absent") as string },
  ]);
});

test.runIf(process.platform === "linux")("a row states its process's resident memory", async () => {
  const { rows } = await race([{ name: "honest", prepare: honest }], quiet);
  expect(rows).toMatchObject([{ rssMiB: expect.closeTo(64, -2) as number }]); // a bare Node
});
