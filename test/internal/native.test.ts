import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, expect, test } from "vitest";

import { modelFolder } from "../../src/models.js";
import { addonPaths, native, packageRoot } from "../../src/internal/native.js";

// The package as it would lie in somebody's node_modules, without an addon.
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(packageRoot(), "build", "no-addon-"));
  await cp(join(packageRoot(), "dist"), join(folder, "dist"), { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "name": "countenance", "type": "module" }');
});
afterEach(() => rm(folder, { recursive: true }));

/** The code and the message with which createEngine fails in the copied package. */
function failureOfCopy(): string {
  const script = `
    import(${JSON.stringify(pathToFileURL(join(folder, "dist", "index.js")))})
      .then(({ createEngine }) => createEngine({ models: ${JSON.stringify(modelFolder())} }))
      .then(() => console.log("no failure"), (e) => console.log(e.code, e.message));`;
  return execFileSync(process.execPath, ["-e", script], { encoding: "utf8", cwd: tmpdir() });
}

test("a package without an addon for this platform is NATIVE_UNAVAILABLE", () => {
  expect(failureOfCopy()).toContain("COUNTENANCE_NATIVE_UNAVAILABLE");
  expect(failureOfCopy()).toContain(`${process.platform}-${process.arch}`);
});

test("an addon that cannot be loaded is NATIVE_UNAVAILABLE", async () => {
  await mkdir(join(folder, "build", "Release"), { recursive: true });
  await writeFile(join(folder, "build", "Release", "countenance.node"), "no library");
  expect(failureOfCopy()).toContain("COUNTENANCE_NATIVE_UNAVAILABLE");
});

test("the addon has the functions that its types declare", () => {
  expect(addonPaths()[0]).toContain(packageRoot());
  expect(native()).toMatchObject({
    createEngine: expect.any(Function),
    createIndex: expect.any(Function),
    openDatabase: expect.any(Function),
  });
});

test("wrong arguments straight to the addon throw, and never crash", () => {
  // Wrong on purpose: this is what native code has to survive.
  const addon = native() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const wrong = [undefined, null, 7, "x", {}, [], new Uint8Array(3), Number.NaN, () => 1];
  for (const name of ["createEngine", "createIndex", "openDatabase"]) {
    for (const a of wrong) {
      for (const b of wrong) expect(() => addon[name]?.(a, b)).toThrow();
    }
  }
});
