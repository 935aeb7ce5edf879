import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { test } from "vitest";

import { openSqliteStore } from "../../src/stores/sqlite.js";
import { type StorePlace, storeConformance } from "../../src/testing/store-conformance.js";

storeConformance(test, { name: "SQLite store", place });

/** A folder; a crash copies what the files hold at that moment, as a killed process leaves them. */
function place(): StorePlace {
  const folder = mkdtempSync(join(tmpdir(), "countenance-"));
  let path = join(folder, "faces.db");
  return {
    open: () => openSqliteStore({ path }),
    crash: () => {
      const left = join(folder, "left.db");
      for (const part of ["", "-wal"]) {
        if (existsSync(`${path}${part}`)) copyFileSync(`${path}${part}`, `${left}${part}`);
      }
      path = left;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
