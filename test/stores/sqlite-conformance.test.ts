import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll } from "vitest";

import { openSqliteStore } from "../../src/stores/sqlite.js";
import { storeConformance } from "../conformance/store-conformance.js";

const folder = mkdtempSync(join(tmpdir(), "countenance-"));
let count = 0;
afterAll(() => rmSync(folder, { recursive: true }));

storeConformance("SQLite store", () =>
  openSqliteStore({ path: join(folder, `${String(++count)}.db`) }),
);
