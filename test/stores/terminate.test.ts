import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

const PROGRAM = fileURLToPath(
  new URL("../fixtures/programs/terminate-workers.mjs", import.meta.url),
);

test("worker threads that are terminated at work leave the process and the files alive", () => {
  const folder = mkdtempSync(join(tmpdir(), "countenance-"));
  try {
    const child = spawnSync(process.execPath, [PROGRAM, folder], { encoding: "utf8" });
    expect({ status: child.status, output: child.stdout, errors: child.stderr }).toEqual({
      status: 0,
      output: "alive\n",
      errors: "",
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
