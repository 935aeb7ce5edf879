import { expect, test } from "vitest";

import { native, type NativeIndex } from "../../src/internal/native.js";

/** Keys 1 to `count` at the places 1 to `count` of a line; every second has tag 7. */
async function line(count: number, queueLimit: number): Promise<NativeIndex> {
  const index = native().createIndex({ dimension: 1, threads: 1, queueLimit });
  const keys = Float64Array.from({ length: count }, (_, i) => i + 1);
  await index.apply({
    add: { keys, groups: keys, vectors: Float32Array.from(keys) },
    tag: Float64Array.from([...keys].filter((key) => key % 2 === 0).flatMap((key) => [7, key])),
  }).done;
  return index;
}

test("a search within a distance leaves out what is farther, and counts all that it compared", async () => {
  const index = await line(3000, 10);
  const near = await index.search(Float32Array.of(0), 5000, undefined, undefined, 2000).done;
  expect(near.keys).toHaveLength(2000);
  expect(near.compared).toBe(3000);
  const tagged = await index.search(Float32Array.of(0), 10, 7, undefined, 5).done;
  expect([...tagged.keys]).toEqual([2, 4]);
  expect(tagged.compared).toBe(1500);
  expect(near.refined).toBeLessThanOrEqual(3000);
  expect(near.reranked).toBeGreaterThanOrEqual(2000);
  index.close();
});

test("searches that wait together are answered each by itself, but for those that are cancelled", async () => {
  const index = await line(50_000, 1000);
  const tasks = Array.from({ length: 200 }, (_, i) => {
    const task = index.search(Float32Array.of(i + 1), 1, undefined, undefined);
    if (i % 2 === 1) task.cancel();
    return task;
  });
  const outcomes = await Promise.allSettled(tasks.map((task) => task.done));
  const aborted = outcomes.flatMap((outcome, i) => (outcome.status === "rejected" ? [i] : []));
  for (const [i, outcome] of outcomes.entries()) {
    const answer = { status: "fulfilled", value: { keys: Float64Array.of(i + 1) } };
    const abortion = { reason: { code: "COUNTENANCE_ABORTED" } };
    expect(outcome).toMatchObject(aborted.includes(i) ? abortion : answer);
  }
  // A thread that falls idle may answer one before it is cancelled: rarely, all 100 are aborted mostly.
  expect(aborted.length).toBeGreaterThan(50);
  expect(aborted.filter((i) => i % 2 === 0)).toEqual([]);
  index.close();
});

test("a full queue of searches is BUSY, and what waits is answered all the same", async () => {
  const index = await line(50_000, 2);
  const tasks = [];
  let refusal: unknown;
  while (refusal === undefined && tasks.length < 10_000) {
    try {
      tasks.push(index.search(Float32Array.of(1), 10, 7, undefined));
    } catch (error) {
      refusal = error;
    }
  }
  expect(refusal).toMatchObject({ code: "COUNTENANCE_BUSY" });
  for (const task of tasks) expect((await task.done).keys).toHaveLength(10);
  index.close();
});
