import { spawnSync } from "node:child_process";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { openCountenance } from "../../src/countenance.js";
import { packageRoot } from "../../src/internal/native.js";
import { pictureOf, ScriptedEngine } from "../fixtures/scripted-engine.js";

function countenance(...args: readonly string[]) {
  const program = join(packageRoot(), "dist", "cli", "main.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countenance-cli-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("--help names the commands", () => {
  const { status, stdout } = countenance("--help");
  expect(status).toBe(0);
  for (const name of ["doctor", "models"]) expect(stdout).toContain(name);
});

test("an unknown command fails with one clear line", () => {
  const { status, stderr } = countenance("operate");
  expect(status).toBe(1);
  expect(stderr).toContain("unknown command");
});

describe("models", () => {
  test("list tells id, licence and source", () => {
    const { status, stdout } = countenance("models", "list");
    expect(status).toBe(0);
    expect(stdout).toContain("dlib-resnet-v1@55533b28");
    expect(stdout).toContain("CC0-1.0");
  });

  test("verify is fine with the built models, and fails for a folder without them", () => {
    expect(countenance("models", "verify")).toMatchObject({ status: 0 });
    expect(countenance("models", "verify", "--models", folder)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("COUNTENANCE_MODEL_MISSING"),
    });
  });
});

describe("doctor", () => {
  async function makeStore(): Promise<string> {
    const path = join(folder, "faces.db");
    await using faces = await openCountenance({ path, engine: new ScriptedEngine() });
    await faces.register("ada", [pictureOf(1), pictureOf(1)]);
    return path;
  }

  test("says what it checked", () => {
    const { status, stdout } = countenance("doctor");
    expect(stdout).not.toContain("FAIL");
    expect(status).toBe(0);
    for (const what of ["platform", "node", "cpu", "addon", "model dlib-resnet-v1", "engine"]) {
      expect(stdout).toContain(what);
    }
  });

  test("--json prints one object", () => {
    const { stdout } = countenance("doctor", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ ok: true });
  });

  test("counts a whole database, with and without --full", async () => {
    const path = await makeStore();
    for (const flags of [[], ["--full"]]) {
      const { status, stdout } = countenance("doctor", path, ...flags);
      expect(stdout).toContain("1 subjects, 2 faces");
      expect(status).toBe(0);
    }
  });

  test("finds a damaged database, garbage, and none", async () => {
    const path = await makeStore();
    await truncate(path, 5000);
    const garbage = join(folder, "garbage.db");
    await writeFile(garbage, "no database");
    for (const damaged of [path, garbage]) {
      const { status, stdout } = countenance("doctor", damaged, "--full");
      expect(stdout).toContain("FAIL database: COUNTENANCE_STORE_CORRUPT");
      expect(status).toBe(1);
    }
    const none = countenance("doctor", join(folder, "none.db"));
    expect(none.stdout).toContain("FAIL database");
    expect(none.status).toBe(1);
  });

  test("--full without a database is refused", () => {
    expect(countenance("doctor", "--full")).toMatchObject({ status: 1 });
  });
});
