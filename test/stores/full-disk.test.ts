import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { checkSqliteStore } from "../../src/stores/sqlite.js";
import { DatabasePlace } from "./database-place.js";

const PROGRAM = fileURLToPath(new URL("../fixtures/programs/fill-disk.mjs", import.meta.url));
const place = new DatabasePlace();

interface Told {
  readonly codes: readonly string[];
  readonly written: number;
  readonly subjects: number;
  readonly compared: number;
  readonly closed: string;
}

test("a write that finds no room fails by itself, and the store keeps what it acknowledged", async () => {
  // 2,048 blocks of 1 KiB for each file; Node ignores the signal that goes with it.
  const command = 'ulimit -f 2048; exec "$0" "$@"';
  const child = spawnSync("bash", ["-c", command, process.execPath, PROGRAM, place.path], {
    encoding: "utf8",
  });
  expect(child.stderr).toBe("");
  // Made by the program, which is ours.
  const told = JSON.parse(child.stdout) as Told;
  expect(told).toEqual({
    codes: Array(3).fill("COUNTENANCE_STORE_FULL"),
    written: told.written,
    subjects: told.written,
    compared: told.written,
    closed: "closed",
  });
  expect(told.written).toBeGreaterThan(5);
  const { subjects, faces } = await checkSqliteStore(place.path, { full: true });
  expect([subjects, faces]).toEqual([told.written, told.written]);
});
