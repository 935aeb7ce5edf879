import { openSqliteStore } from "../../src/index.js";
import type { CaseResult, Row } from "../case.js";
import type { SearchData } from "../search/data.js";
import { atMost } from "../search/part.js";
import { summarise } from "../statistics.js";
import { TimerWatch } from "../timer-delay.js";
import { readQueries, readRow } from "../vector-file.js";
import { nameOf, person, write } from "./people.js";

const TIMER_MS = 10;
/** As in case `loop`. */
const LIMIT_P99_MS = 20;
const PHASE_MS = 5000;
const SEARCHES_AT_ONCE = 16;
/** People of one transaction of the bulk load: as many rows are made into operations at a time. */
const BATCH = 200;
const BATCHES_AT_ONCE = 4;

/** How late a timer of the host is while a million faces are searched and more are loaded. */
export async function delays(
  path: string,
  data: SearchData,
  progress: (text: string) => void,
): Promise<CaseResult> {
  const store = await openSqliteStore({ path });
  await store.prepare({ modelId: "bench", pipeline: "bench", dimension: data.dimension });
  try {
    const queries = readQueries(data);
    const query = (i: number) => queries[i % queries.length] ?? new Float32Array();
    const vectors = Array.from({ length: BATCH }, (_, row) => readRow(data, row));
    const search = async (i: number) => {
      await store.search(query(i), { k: 10 });
    };
    let loaded = data.rows;
    const load = async () => {
      const names = vectors.map(() => nameOf(loaded++));
      await write(
        store,
        names.flatMap((name, j) => person(name, vectors[j] ?? query(j))),
      );
    };
    progress("searching");
    const searching = await watched("delay-search", [[search, SEARCHES_AT_ONCE]]);
    progress("loading");
    const loading = await watched("delay-bulk", [[load, BATCHES_AT_ONCE]]);
    const both = await watched("delay-both", [
      [search, SEARCHES_AT_ONCE],
      [load, BATCHES_AT_ONCE],
    ]);
    const rows = [searching, loading, both];
    return {
      rows,
      ratios: {},
      checks: rows.map((row) =>
        atMost(
          `p99 of the timer's delay, ${row.name}`,
          "p99Ms" in row ? row.p99Ms : undefined,
          LIMIT_P99_MS,
        ),
      ),
    };
  } finally {
    await store.close();
  }
}

type Work = readonly [each: (i: number) => Promise<void>, atOnce: number];

async function watched(name: string, works: readonly Work[]): Promise<Row> {
  const watch = new TimerWatch(TIMER_MS);
  const end = performance.now() + PHASE_MS;
  const counts = works.map(() => 0);
  await Promise.all(
    works.flatMap(([each, atOnce], kind) =>
      Array.from({ length: atOnce }, async () => {
        while (performance.now() < end) {
          const i = counts[kind] ?? 0;
          counts[kind] = i + 1;
          await each(i);
        }
      }),
    ),
  );
  const delaysMs = watch.stop();
  return { name, ...summarise(delaysMs), note: `${counts.join(" and ")} calls in 5 s` };
}
