import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";

import { openSqliteStore, type Store, type SubjectRecord } from "../../src/index.js";
import type { CaseResult } from "../case.js";
import { nodeProgram } from "../node-program.js";
import { squaredDistance } from "../recall.js";
import { atMost } from "../search/part.js";
import { summarise } from "../statistics.js";

export const KILL_MODEL = { modelId: "bench", pipeline: "bench", dimension: 8 };

const KILLS = 200;
/** After so many a new file is begun, so that reading all of it stays quick. */
const KILLS_PER_FILE = 10;
/** Of writing, after the first acknowledgement. */
const MOST_MS = 300;
const NUMBERS_PER_KILL = 1_000_000;

/** A vector that tells its person and picture, and which no other comes near. */
export function vectorOf(number: number, picture: number): Float32Array {
  return Float32Array.from({ length: KILL_MODEL.dimension }, (_, i) =>
    Math.sin((number % 1e6) * (i + 1) * 0.618 + picture + Math.floor(number / 1e6)),
  );
}

/** What a program has said about one person. */
export interface Said {
  created: boolean;
  thirdBegun: boolean;
  third: boolean;
  deleteBegun: boolean;
  deleted: boolean;
}

/** @param lines  What mixed-writes said, whole lines only. */
export function readSaid(lines: readonly string[], said: Map<string, Said>): void {
  for (const line of lines) {
    const [, kind = "", id = ""] = /^(\+|c\??|-\??)(person-.*)$/.exec(line) ?? [];
    const one = said.get(id) ?? {
      created: false,
      thirdBegun: false,
      third: false,
      deleteBegun: false,
      deleted: false,
    };
    if (kind === "+") one.created = true;
    if (kind === "c?") one.thirdBegun = true;
    if (kind === "c") one.third = true;
    if (kind === "-?") one.deleteBegun = true;
    if (kind === "-") one.deleted = true;
    said.set(id, one);
  }
}

/** What is wrong with a person as the store has it; undefined: nothing. */
export function faultOf(
  said: Said | undefined,
  found: Pick<SubjectRecord, "faces" | "galleries"> | undefined,
): "lost" | "half" | "undead" | undefined {
  if (found === undefined) return said?.created === true && !said.deleteBegun ? "lost" : undefined;
  if (said?.deleted === true) return "undead";
  const names = found.faces.map(({ id }) => id.slice(-1)).join("");
  const allowed =
    said?.third === true ? ["abc"] : said?.thirdBegun === true ? ["ab", "abc"] : ["ab"];
  return allowed.includes(names) && found.galleries.includes("staff") ? undefined : "half";
}

/** Kills a process that writes, at random moments, and reads what it has left. */
export async function kills(
  folder: string,
  count = KILLS,
  progress: (text: string) => void,
): Promise<CaseResult> {
  const faults = { lost: 0, half: 0, undead: 0, index: 0 };
  const openMs: number[] = [];
  let acknowledged = 0;
  let said = new Map<string, Said>();
  let path = "";
  for (let kill = 0; kill < count; kill++) {
    if (kill % KILLS_PER_FILE === 0) {
      progress(`kill ${String(kill)} of ${String(count)}`);
      said = new Map();
      path = join(folder, `killed-${String(kill)}.db`);
    }
    const lines = await killedWriter(path, (kill % KILLS_PER_FILE) * NUMBERS_PER_KILL);
    acknowledged += lines.filter((line) => !line.includes("?")).length;
    readSaid(lines, said);
    const start = performance.now();
    const store = await openSqliteStore({ path });
    await store.prepare(KILL_MODEL);
    openMs.push(performance.now() - start);
    try {
      const found = await everybody(store);
      for (const id of new Set([...said.keys(), ...found.keys()])) {
        const fault = faultOf(said.get(id), found.get(id));
        if (fault !== undefined) faults[fault]++;
      }
      if (!(await indexAgrees(store, found))) faults.index++;
    } finally {
      await store.close();
    }
  }
  return {
    rows: [{ name: "open-after-kill", ...summarise(openMs), note: `${String(count)} kills` }],
    ratios: {},
    facts: { "kills, acknowledged writes": acknowledged },
    checks: [
      atMost("kill -9: acknowledged people lost", faults.lost, 0),
      atMost("kill -9: people half-present", faults.half, 0),
      atMost("kill -9: deleted people who came back", faults.undead, 0),
      atMost("kill -9: index unlike the records", faults.index, 0),
    ],
  };
}

/** Lets it write for a random time; the whole lines that it said. */
function killedWriter(path: string, first: number): Promise<readonly string[]> {
  const { command, args } = nodeProgram("mixed-writes", path, first);
  const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      timer ??= setTimeout(() => child.kill("SIGKILL"), randomInt(MOST_MS));
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") resolve(text.split("\n").slice(0, -1));
      else reject(new Error(`error: mixed-writes ended by itself with ${String(code)}`));
    });
  });
}

async function everybody(store: Store): Promise<Map<string, SubjectRecord>> {
  const found = new Map<string, SubjectRecord>();
  for (let after: string | undefined; ;) {
    const page = await store.listSubjects({ limit: 1000, ...(after !== undefined && { after }) });
    for (const { id } of page ?? []) {
      const subject = await store.getSubject(id);
      if (subject !== undefined) found.set(id, subject);
    }
    after = page?.at(-1)?.id;
    if (after === undefined) return found;
  }
}

/** Whether searches find what the records say: how many faces, and which are nearest. */
async function indexAgrees(
  store: Store,
  found: ReadonlyMap<string, SubjectRecord>,
): Promise<boolean> {
  const faces = [...found.values()].flatMap(({ faces }) => faces);
  for (let picture = 0; picture < 3; picture++) {
    const probe = vectorOf(picture * 17, 3);
    const result = await store.search(probe, { k: 10, gallery: "staff" });
    if (result === undefined) return faces.length === 0; // killed before the gallery was
    const nearest = faces.map(({ vector }) => squaredDistance(probe, vector)).sort((a, b) => a - b);
    const first = result.hits[0];
    const squared = first === undefined ? undefined : squaredDistance(probe, first.vector);
    if (result.compared !== faces.length || squared !== nearest[0]) return false;
  }
  return true;
}
