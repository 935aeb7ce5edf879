import { readFileSync, rmSync, mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";

import { expect, test } from "vitest";

import type * as Countenance from "../../src/index.js";
import { packageRoot } from "../../src/internal/native.js";
import { Template } from "../../src/template.js";

/** Node's own objects, of which every realm gets the same. */
const HOST = {
  AbortController,
  AbortSignal,
  Buffer,
  TextDecoder,
  TextEncoder,
  URL,
  clearTimeout,
  performance,
  process,
  setImmediate,
  setTimeout,
};

/** The built package in a realm whose arrays and errors are others than the addon's. */
function loadInRealm(shared: object): typeof Countenance {
  const file = join(packageRoot(), "dist", "index.cjs");
  const module = { exports: {} };
  const context = createContext({ ...HOST, ...shared });
  const load = runInContext(
    `(function (module, exports, require, __filename) {${readFileSync(file, "utf8")}\n})`,
    context,
  ) as (...args: unknown[]) => void;
  load(module, module.exports, createRequire(file), file);
  return module.exports as typeof Countenance; // the build of src/index.ts
}

test.each([
  ["as under Jest, which shares two of the array types", { ArrayBuffer, Uint8Array }],
  ["that shares none", {}],
])("the package works in a realm %s", async (_, shared) => {
  const folder = mkdtempSync(join(tmpdir(), "countenance-realm-"));
  const other = loadInRealm(shared);
  const path = join(folder, "faces.db");
  const vector = new Float32Array(128).fill(0.1);
  const grey = {
    data: new Uint8Array(64 * 64).fill(128),
    width: 64,
    height: 64,
    channels: 1 as const,
  };
  for (const round of [1, 2]) {
    const faces = await other.openCountenance({ path });
    const { modelId, pipeline } = faces.engine;
    // Made here: a template of another copy, with an array of another realm.
    const template = new Template({ modelId, pipeline, vector });
    if (round === 1) await faces.register("ada", template);
    expect((await faces.verify("ada", template)).distance).toBe(0);
    expect((await faces.search(template)).candidates).toMatchObject([{ subjectId: "ada" }]);
    expect(await faces.engine.analyze(grey)).toHaveLength(0);
    expect(await faces.verify("bob", template).catch((error: unknown) => error)).toMatchObject({
      code: "COUNTENANCE_SUBJECT_NOT_FOUND",
    });
    await expect(other.openCountenance({ path })).rejects.toMatchObject({
      code: "COUNTENANCE_STORE_LOCKED",
    });
    await faces.close();
  }
  rmSync(folder, { recursive: true });
});
