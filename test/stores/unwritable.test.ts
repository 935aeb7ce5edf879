import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { openSqliteStore } from "../../src/stores/sqlite.js";
import { failsWith } from "../../src/testing/records.js";
import { DatabasePlace } from "./database-place.js";

const PROGRAM = fileURLToPath(
  new URL("../fixtures/programs/run-out-of-descriptors.mjs", import.meta.url),
);
const place = new DatabasePlace();

test("a folder that may not be written is read-only", async () => {
  // Nobody makes files there, not even root.
  await failsWith("COUNTENANCE_STORE_READ_ONLY", () => openSqliteStore({ path: "/sys/faces.db" }));
});

test("a store that the system cannot open fails by itself, and opens once it can", () => {
  const command = 'ulimit -n 64; exec "$0" "$@"';
  const child = spawnSync("bash", ["-c", command, process.execPath, PROGRAM, place.path], {
    encoding: "utf8",
  });
  expect(child.stderr).toBe("");
  expect(JSON.parse(child.stdout)).toEqual({
    opened: "COUNTENANCE_STORE_IO",
    written: "committed",
    later: "opened",
  });
});
