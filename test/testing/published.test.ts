import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import ts from "typescript";
import { afterEach, beforeEach, expect, test } from "vitest";

import { packageRoot } from "../../src/internal/native.js";

const [, example = ""] =
  /```js\n([\s\S]*?)```/.exec(readFileSync(join(packageRoot(), "docs", "stores.md"), "utf8")) ?? [];

let folder = "";
beforeEach(() => {
  mkdirSync(join(packageRoot(), "build"), { recursive: true });
  folder = mkdtempSync(join(packageRoot(), "build", "stores-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(packageRoot(), join(folder, "node_modules", "countenance"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The toy store as somebody's own file, with the disks of this process. */
function writeStore(module: ts.ModuleKind): void {
  const source = `${readFileSync(join(import.meta.dirname, "toy-store.ts"), "utf8")}
    const disks = new Map();
    export function openMyStore(folder: string): Store {
      const disk = disks.get(folder) ?? { model: undefined, journal: [] };
      disks.set(folder, disk);
      return new ToyStore(disk);
    }`;
  const options = { compilerOptions: { module, target: ts.ScriptTarget.ES2022 } };
  writeFileSync(join(folder, "my-store.js"), ts.transpileModule(source, options).outputText);
  const type = module === ts.ModuleKind.CommonJS ? "commonjs" : "module";
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
}

/** Runs the suite with node:test, without the many rows. @returns its counts by their names. */
async function counts(program: string): Promise<Record<string, string>> {
  const shorter = program.replace("place });", 'place, leaveOutRows: "a toy" });');
  expect(shorter).not.toBe(program);
  writeFileSync(join(folder, "my-store.test.js"), shorter);
  const args = ["--test", "--test-reporter=tap", "my-store.test.js"];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  return Object.fromEntries(
    Array.from(stdout.matchAll(/^# (tests|pass|fail|skipped) (\d+)$/gm), (found) => [
      found[1] ?? "",
      found[2] ?? "",
    ]),
  );
}

test("the example of docs/stores.md tests a store in ten lines, as pasted", async () => {
  expect(example.split("\n").filter((line) => line !== "").length).toBeLessThanOrEqual(10);
  writeStore(ts.ModuleKind.ESNext);
  const found = await counts(example);
  expect(Number(found["pass"])).toBeGreaterThan(200);
  expect(found["fail"]).toBe("0");
});

test("CommonJS projects test their stores alike", async () => {
  writeStore(ts.ModuleKind.CommonJS);
  const program = example.replace(/^import \{(.*)\} from (".*");$/gm, "const {$1} = require($2);");
  expect(program).not.toContain("import");
  const found = await counts(program);
  expect(Number(found["pass"])).toBeGreaterThan(200);
  expect(found["fail"]).toBe("0");
});
