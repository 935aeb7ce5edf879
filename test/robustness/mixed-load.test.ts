import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

import { checkSqliteStore, openSqliteStore } from "../../src/stores/sqlite.js";
import type { Store, SubjectRecord } from "../../src/stores/store.js";

const ROUNDS = 20;
const DIMENSION = 16;
const program = fileURLToPath(new URL("../fixtures/programs/mixed-load.mjs", import.meta.url));

interface State {
  readonly faces: readonly string[];
  readonly n: number;
  readonly gallery: string;
}
type States = Readonly<Record<string, State | null>>;

/** What the program said about its transactions. */
class Said {
  readonly settled = new Map<string, State>();
  /** By worker: what was under way. */
  readonly pending = new Map<string, States>();
  acknowledged = 0;

  read(round: number, lines: readonly string[]): void {
    for (const line of lines) {
      // Written by the program, which is ours.
      const { worker, states } = JSON.parse(line) as { worker: number; states?: States };
      const key = `${String(round)}/${String(worker)}`;
      if (states !== undefined) this.pending.set(key, states);
      else this.#settle(key);
    }
  }

  /** Takes for done what was under way and turns out to be so. */
  resolve(found: ReadonlyMap<string, State>): void {
    for (const [key, states] of [...this.pending]) {
      const done = Object.entries(states).map(
        ([id, state]) => JSON.stringify(found.get(id)) === JSON.stringify(state ?? undefined),
      );
      // All of a transaction or nothing of it.
      expect(new Set(done).size).toBe(1);
      if (done[0]) this.#settle(key);
      else this.pending.delete(key);
    }
  }

  #settle(key: string): void {
    this.acknowledged++;
    for (const [id, state] of Object.entries(this.pending.get(key) ?? {})) {
      if (state === null) this.settled.delete(id);
      else this.settled.set(id, state);
    }
    this.pending.delete(key);
  }
}

/** Kills the program after a random while; the whole lines that it said. */
function killedRun(path: string, prefix: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, path, prefix], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (text: Buffer) => {
      if (output === "") setTimeout(() => child.kill("SIGKILL"), Math.random() * 250);
      output += text.toString();
    });
    child.on("error", reject);
    child.on("close", (_code, signal) => {
      if (signal !== "SIGKILL") reject(new Error("the program ended by itself"));
      resolve(output.split("\n").slice(0, -1));
    });
  });
}

async function everybody(store: Store): Promise<SubjectRecord[]> {
  const found: SubjectRecord[] = [];
  for (let after = ""; ;) {
    const page = (await store.listSubjects({ limit: 1000, after })) ?? [];
    for (const { id } of page) found.push((await store.getSubject(id)) as SubjectRecord);
    const last = page.at(-1);
    if (last === undefined) return found;
    after = last.id;
  }
}

function stateOf({ faces, metadata, galleries }: SubjectRecord): State {
  const { n } = metadata as { n: number };
  return { faces: faces.map(({ id }) => id), n, gallery: galleries.join() };
}

/** Searches find what a comparison with every row finds. */
async function expectSearchesAgree(store: Store, people: readonly SubjectRecord[]): Promise<void> {
  for (const [gallery, n] of [
    [undefined, undefined],
    ["g1", undefined],
    ["g0", 1],
  ] as const) {
    const probe = Float32Array.from({ length: DIMENSION }, () => Math.random() - 0.5);
    const allowed = people.filter(
      (person) =>
        (gallery === undefined || person.galleries.includes(gallery)) &&
        (n === undefined || stateOf(person).n === n),
    );
    const distances = allowed.map(({ id, faces }) => ({
      id,
      squared: Math.min(...faces.map(({ vector }) => squaredDistance(vector, probe))),
    }));
    const expected = distances.sort((a, b) => a.squared - b.squared).slice(0, 5);
    const result = await store.search(probe, {
      k: 5,
      ...(gallery !== undefined && { gallery }),
      ...(n !== undefined && { filter: { n } }),
    });
    if (result === undefined) {
      expect(allowed).toEqual([]); // killed before there was such a gallery
      continue;
    }
    expect(result.hits.map(({ subjectId }) => subjectId)).toEqual(expected.map(({ id }) => id));
    expect(result.compared).toBe(allowed.flatMap(({ faces }) => faces).length);
  }
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? NaN)) ** 2, 0);
}

test(`${String(ROUNDS)} kills under mixed load leave every acknowledged transaction and no half one`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "countenance-mixed-"));
  const path = join(folder, "faces.db");
  const said = new Said();
  let copies = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      said.read(round, await killedRun(path, `r${String(round)}`));
      await checkSqliteStore(path, { full: true });
      const store = await openSqliteStore({ path });
      await store.prepare({ modelId: "m", pipeline: "p", dimension: DIMENSION });
      const people = await everybody(store);
      const found = new Map(people.map((person) => [person.id, stateOf(person)]));
      said.resolve(found);
      expect(found).toEqual(said.settled);
      await expectSearchesAgree(store, people);
      await store.close();
      if (existsSync(`${path}-copy`)) {
        await checkSqliteStore(`${path}-copy`, { full: true });
        copies++;
      }
    }
    // The kills came while there was something to lose.
    expect(said.acknowledged).toBeGreaterThan(10 * ROUNDS);
    expect(copies).toBeGreaterThan(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 300_000);
