import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach } from "vitest";

import { native } from "../../src/internal/native.js";
import { openSqliteStore, type SqliteStore } from "../../src/stores/sqlite.js";
import type { StoredModel } from "../../src/stores/store.js";
import { created, MODEL, vector } from "../../src/testing/records.js";

/** A folder of its own for each test of a file, and a database file in it. */
export class DatabasePlace {
  folder = "";
  path = "";

  constructor() {
    beforeEach(() => {
      this.folder = mkdtempSync(join(tmpdir(), "countenance-"));
      this.path = join(this.folder, "faces.db");
    });
    afterEach(() => {
      rmSync(this.folder, { recursive: true });
    });
  }

  async openPrepared(model: StoredModel = MODEL): Promise<SqliteStore> {
    const store = await openSqliteStore({ path: this.path });
    try {
      await store.prepare(model);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  /** Registers `s0`, `s1` ... and closes the store. */
  async fill(count: number): Promise<void> {
    const store = await this.openPrepared();
    for (let i = 0; i < count; i++) {
      await store.transaction(created(`s${String(i)}`, vector(i), "staff"));
    }
    await store.close();
  }

  /** Writes bytes over the file, which no handle has open. */
  patch(offset: number, bytes: readonly number[]): Buffer {
    const content = readFileSync(this.path);
    content.set(bytes, offset);
    writeFileSync(this.path, content);
    return content;
  }

  async sql(statement: string): Promise<void> {
    const database = await native().openDatabase(this.path, { readers: 1, queueLimit: 10 }).done;
    await database.write({ statements: [{ sql: statement }] }).done;
    await database.close().done;
  }
}
