import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { openCountenance } from "../../src/countenance.js";
import { ScriptedEngine } from "../fixtures/scripted-engine.js";

const ROUNDS = 50;
const program = fileURLToPath(new URL("../fixtures/programs/register-many.mjs", import.meta.url));

/** Starts registrations, kills the process after a random while, gives the acknowledged ids. */
function killedRun(path: string, prefix: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, path, prefix], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (text: Buffer) => {
      if (output === "") setTimeout(() => child.kill("SIGKILL"), Math.random() * 120);
      output += text.toString();
    });
    child.on("error", reject);
    child.on("close", (_code, signal) => {
      if (signal !== "SIGKILL") reject(new Error("the program ended by itself"));
      // The last line may be cut short by the kill: only whole lines were acknowledged.
      resolve(
        output
          .split("\n")
          .slice(0, -1)
          .filter((line) => line !== "ready"),
      );
    });
  });
}

/** Reads with the system's own SQLite, in a process of its own. */
function query(path: string, sql: string): string {
  return execFileSync("sqlite3", [path, sql], { encoding: "utf8" }).trim();
}

test(`a kill at ${String(ROUNDS)} random moments loses no acknowledged subject and leaves no half one`, async () => {
  const folder = await mkdtemp(join(tmpdir(), "countenance-kill-"));
  const path = join(folder, "faces.db");
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged.push(...(await killedRun(path, `round${String(round)}`)));
    expect(query(path, "PRAGMA integrity_check")).toBe("ok");
    expect(query(path, "PRAGMA foreign_key_check")).toBe("");
  }

  const halves = query(
    path,
    `SELECT count(*) FROM subject AS s
     WHERE (SELECT count(*) FROM face AS f WHERE f.subject_key = s.key) <> 2
        OR (SELECT count(*) FROM membership AS m WHERE m.subject_key = s.key) <> 1`,
  );
  expect(halves).toBe("0");
  const present = new Set(query(path, "SELECT id FROM subject").split("\n"));
  expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
  // The kills came while there was something to lose.
  expect(acknowledged.length).toBeGreaterThan(ROUNDS);

  const engine = new ScriptedEngine("killed@1", "killed/f32");
  const faces = await openCountenance({ path, engine });
  const [last] = acknowledged.slice(-1);
  expect((await faces.subjects.get(last ?? ""))?.faces).toHaveLength(2);
  const found = await faces.search(engine.templateOf(1), { gallery: "staff" });
  expect(found.comparisons).toBe(present.size * 2);
  await faces.close();
  await rm(folder, { recursive: true });
}, 300_000);
