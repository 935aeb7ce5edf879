import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Countenance, createEngine, openCountenance, type Engine } from "../../src/index.js";
import type { BenchCase, CaseResult, Row } from "../case.js";
import { writePhoto720 } from "../photo.js";
import { summarise } from "../statistics.js";
import { clusteredTemplates } from "../synthetic.js";
import { TimerWatch } from "../timer-delay.js";

const TEMPLATES = 20_000;
const SEARCHES = 1_000;
const PHOTOS = 200;
const SEARCHES_AT_ONCE = 16;
const TIMER_MS = 10;
const LIMIT_P99_MS = 20;
/** How often each phase runs: one is over in two seconds, whose p99 would be its two worst ticks. */
const ROUNDS = 5;

/** How late a timer of the host is while countenance works at its hardest. */
export const loop: BenchCase = {
  name: "loop",
  summary: "delay of a 10 ms timer while photos are registered, searches run and a store is opened",
  async run(progress) {
    const folder = await mkdtemp(join(tmpdir(), "countenance-loop-"));
    const engine = await createEngine();
    try {
      return await measure(folder, engine, progress);
    } finally {
      await engine.close();
      await rm(folder, { recursive: true });
    }
  },
};

async function measure(
  folder: string,
  engine: Engine,
  progress: (text: string) => void,
): Promise<CaseResult> {
  const photo = await readFile(await writePhoto720());
  const path = join(folder, "faces.db");
  const otherPath = join(folder, "other.db");
  progress(`registering ${String(TEMPLATES)} templates`);
  const seeded = await openCountenance({ path, engine });
  await registerTemplates(seeded, engine);
  await seeded.close();
  await copyFile(path, otherPath);

  const faces = await openCountenance({ path, engine });
  const phases = {
    register: () => registerPhotos(faces, photo),
    search: () => searchAll(faces, engine),
    open: async () => {
      await (await openCountenance({ path: otherPath, engine })).close();
    },
  };
  const work: Record<string, () => Promise<unknown>> = {
    ...phases,
    all: () => Promise.all(Object.values(phases).map((phase) => phase())),
  };
  const rows: Row[] = [];
  for (const [name, run] of Object.entries(work)) {
    progress(name);
    rows.push(await watched(name, run));
  }
  await faces.close();
  return {
    rows,
    ratios: {},
    checks: rows.flatMap((row) =>
      row.name === "all" && "p99Ms" in row
        ? [
            {
              name: "p99 of the timer's delay, all at once",
              pass: row.p99Ms < LIMIT_P99_MS,
              value: row.p99Ms,
              limit: LIMIT_P99_MS,
            },
          ]
        : [],
    ),
  };
}

async function watched(name: string, run: () => Promise<unknown>): Promise<Row> {
  const watch = new TimerWatch(TIMER_MS);
  const start = performance.now();
  let delaysMs: readonly number[];
  try {
    for (let round = 0; round < ROUNDS; round++) await run();
  } finally {
    delaysMs = watch.stop();
  }
  const note = `${Math.round(performance.now() - start).toLocaleString("en")} ms of work`;
  return delaysMs.length === 0
    ? { name, unavailable: `over before the first tick: ${note}` }
    : { name, ...summarise(delaysMs), note };
}

async function registerTemplates(faces: Countenance, engine: Engine): Promise<void> {
  const items = clusteredTemplates(engine, TEMPLATES, 10, 1);
  const subjects = (function* () {
    for (const images of items) yield { images };
  })();
  for await (const result of faces.registerMany(subjects, { concurrency: 64 })) {
    if (!result.ok) throw result.error;
  }
}

async function registerPhotos(faces: Countenance, photo: Uint8Array): Promise<void> {
  const items = Array.from({ length: PHOTOS }, () => ({ images: photo }));
  for await (const result of faces.registerMany(items)) {
    if (!result.ok) throw result.error;
  }
}

async function searchAll(faces: Countenance, engine: Engine): Promise<void> {
  const probes = clusteredTemplates(engine, SEARCHES, 1, 2);
  const worker = async () => {
    for (const probe of probes) await faces.search(probe, { limit: 5 });
  };
  await Promise.all(Array.from({ length: SEARCHES_AT_ONCE }, worker));
}
