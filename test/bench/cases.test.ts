import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

import { expect, test } from "vitest";

import { dlibChain, faceApiChain, humanChain, ourChain } from "../../bench/chain.js";
import { confined } from "../../bench/cores.js";

const chain = { photo: "photo.jpg", progress: () => undefined };

test("a contestant of the chain gets as many cores as threads", () => {
  expect(ourChain("ours", { ...chain, threads: 2 }).cores).toBe(2);
  expect(dlibChain("dlib", chain).cores).toBe(1);
  expect(humanChain("human", { ...chain, threads: 3 }).cores).toBe(3);
  expect(faceApiChain("face-api", "ssd", chain).cores).toBe(1);
});

test("our chain tells its program what to work on", async () => {
  const ours = ourChain("ours", { ...chain, threads: 2, form: "raw", atOnce: 4 });
  const { command, args } = await ours.prepare();
  expect(command).toBe(process.execPath);
  expect(args.slice(1)).toEqual(["photo.jpg", "2", "raw", "4"]);
});

test("a confined process starts as it is where the system cannot confine it", () => {
  const launch = { command: "program", args: ["a"] };
  const { command, args } = confined(launch, 1);
  if (existsSync("/usr/bin/taskset")) {
    expect([command, args[0], ...args.slice(2)]).toEqual([
      "/usr/bin/taskset",
      "-c",
      "program",
      "a",
    ]);
  } else {
    expect([command, ...args]).toEqual(["program", "a"]);
  }
});

test("every file of bench/cases is a case of the runner", () => {
  const run = readFileSync("bench/run.ts", "utf8");
  for (const file of readdirSync("bench/cases")) {
    expect(run).toContain(`from "./cases/${basename(file, ".ts")}.js"`);
  }
});
