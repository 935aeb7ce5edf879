import { runInNewContext } from "node:vm";

import { expect, test } from "vitest";

import { type ErrorCode } from "../src/errors.js";
import { createIndex, type IndexHit } from "../src/vector-index.js";
import type { VectorIndexOptions } from "../src/vector-index-options.js";

const WRONG = "COUNTENANCE_INVALID_ARGUMENT";

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error as { code: ErrorCode }).code, // of ours, by the test's expectation
  );
}

function idsOf<Id extends string | number>(hits: readonly IndexHit<Id>[]): readonly Id[] {
  return hits.map(({ id }) => id);
}

/** Numbers in -1..1 that are the same in each run (a linear congruential generator). */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const ONES = Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1); // east, north, west, south

test("the nearest come first, with Euclidean distances", async () => {
  await using index = createIndex({ dimension: 2 });
  await index.add(["east", "north", "west", "south"], ONES);
  const hits = await index.search(Float32Array.of(2, 0), { k: 3 });
  expect(hits).toEqual([
    { id: "east", distance: 1 },
    { id: "north", distance: Math.fround(Math.sqrt(5)) },
    { id: "south", distance: Math.fround(Math.sqrt(5)) },
  ]);
  expect([index.size, index.dimension, index.metric]).toEqual([4, 2, "l2"]);
});

test("ties are in the order in which strings were first added, or in the order of integers", async () => {
  const same = new Float32Array(8);
  await using strings = createIndex({ dimension: 2 });
  await strings.add(["z", "b", "y", "a"], same);
  await strings.add(["y"], same.subarray(0, 2));
  expect(idsOf(await strings.search(same.subarray(0, 2)))).toEqual(["z", "b", "y", "a"]);
  await using integers = createIndex<number>({ dimension: 2 });
  await integers.add([7, 2 ** 53 - 2, 0, 30], same);
  expect(idsOf(await integers.search(same.subarray(0, 2)))).toEqual([0, 7, 30, 2 ** 53 - 2]);
});

test("every result is that of comparing with each vector, for both metrics and kinds of ids", async () => {
  const [count, dimension] = [700, 24];
  const vectors = numbers(count * dimension, 1);
  const at = (i: number) => vectors.subarray(i * dimension, (i + 1) * dimension);
  const dot = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, v, i) => sum + v * (b[i] ?? 0), 0);
  for (const metric of ["l2", "cosine"] as const) {
    await using index = createIndex<number>({ dimension, metric });
    await index.add(
      Array.from({ length: count }, (_, i) => i),
      vectors,
    );
    const queries = numbers(40 * dimension, 2);
    const answers = await index.searchBatch(queries, { k: 12 });
    expect(answers).toHaveLength(40);
    for (const [q, hits] of answers.entries()) {
      const query = queries.subarray(q * dimension, (q + 1) * dimension);
      const exact = Array.from({ length: count }, (_, id) => {
        const vector = at(id);
        const squared = query.reduce((sum, v, i) => sum + (v - (vector[i] ?? 0)) ** 2, 0);
        const cosine = dot(query, vector) / Math.sqrt(dot(query, query) * dot(vector, vector));
        return { id, distance: metric === "l2" ? Math.sqrt(squared) : 1 - cosine };
      }).sort((a, b) => a.distance - b.distance);
      expect(idsOf(hits)).toEqual(idsOf(exact.slice(0, 12)));
      for (const [i, { distance }] of hits.entries()) {
        expect(Math.abs(distance - (exact[i]?.distance ?? NaN))).toBeLessThan(1e-6);
      }
      expect(await index.search(query, { k: 12 })).toEqual(hits);
    }
  }
});

test("cosine is 0 for the same direction, 2 for the opposite one, whatever the lengths", async () => {
  await using index = createIndex({ dimension: 2, metric: "cosine" });
  await index.add(["east", "west", "tiny"], Float32Array.of(1e30, 0, -1e-30, 0, 1e-45, 1e-45));
  const hits = await index.search(Float32Array.of(3e38, 0), { k: 3 });
  expect(idsOf(hits)).toEqual(["east", "tiny", "west"]);
  expect(hits.map(({ distance }) => distance)).toEqual([0, expect.closeTo(1 - Math.SQRT1_2, 6), 2]);
  expect(await codeOf(index.add(["zero"], new Float32Array(2)))).toBe(WRONG);
  expect(await codeOf(index.search(new Float32Array(2)))).toBe(WRONG);
  expect(index.size).toBe(3);
});

test("adding an id again replaces its vector; removing tells how many there were", async () => {
  await using index = createIndex({ dimension: 2 });
  await index.add(["a", "b"], Float32Array.of(0, 0, 5, 5));
  await index.add(["a", "c"], Float32Array.of(9, 9, 7, 7));
  expect(index.size).toBe(3);
  expect(idsOf(await index.search(Float32Array.of(9, 9)))).toEqual(["a", "c", "b"]);
  expect(await index.remove(["b", "nobody", "b"])).toBe(1);
  expect(await index.remove([])).toBe(0);
  expect([index.has("a"), index.has("b"), index.has("nobody")]).toEqual([true, false, false]);
  expect(idsOf(await index.search(Float32Array.of(0, 0)))).toEqual(["c", "a"]);
  await index.add([], new Float32Array());
  expect(index.size).toBe(2);
});

test("candidates restrict before the nearest are chosen; a distance equal to the limit is within", async () => {
  await using index = createIndex({ dimension: 2 });
  await index.add(["east", "north", "west", "south"], ONES);
  const east = Float32Array.of(1, 0);
  const among = async (candidates: readonly string[]) =>
    idsOf(await index.search(east, { k: 1, candidates }));
  expect(await among(["west", "unknown", "south", "west"])).toEqual(["south"]);
  expect(await among(["unknown"])).toEqual([]);
  expect(await among([])).toEqual([]);
  const root = Math.fround(Math.SQRT2);
  expect(idsOf(await index.search(east, { k: 5000, maxDistance: root }))).toEqual([
    "east",
    "north",
    "south",
  ]);
  expect(idsOf(await index.search(east, { maxDistance: root - 1e-7 }))).toEqual(["east"]);
  expect(idsOf(await index.search(east, { maxDistance: 0 }))).toEqual(["east"]);
  await using cosine = createIndex({ dimension: 2, metric: "cosine" });
  await cosine.add(["east", "north", "west", "south"], ONES);
  expect(idsOf(await cosine.search(east, { maxDistance: 1 }))).toEqual(["east", "north", "south"]);
  expect(await cosine.search(east, { maxDistance: 1e300 })).toHaveLength(4);
});

test("ids may be any text, and come back as they were", async () => {
  const ids = ["a\0b", "a", "\u00e9", "e\u0301", "\u{1f600}", "x".repeat(1024), " ", "\ufeff"];
  await using index = createIndex({ dimension: 1 });
  await index.add(ids, Float32Array.from(ids.keys()));
  expect(idsOf(await index.search(Float32Array.of(0), { candidates: ids }))).toEqual(ids);
  expect(await index.remove(ids)).toBe(ids.length);
});

test("arrays are copied before a call returns, and read with their byte offset", async () => {
  await using index = createIndex({ dimension: 2 });
  const ids = ["a"];
  const memory = Float32Array.of(9, 9, 1, 2, 9);
  const vector = memory.subarray(2, 4);
  const added = index.add(ids, vector);
  memory.fill(0);
  ids[0] = "b";
  await added;
  const query = Float32Array.of(1, 2);
  const found = index.search(query);
  query.fill(7);
  expect(await found).toEqual([{ id: "a", distance: 0 }]);
  const queries = Float32Array.of(1, 2, 1, 2);
  const batch = index.searchBatch(queries);
  queries.fill(7);
  expect((await batch).map((hits) => hits[0]?.distance)).toEqual([0, 0]);
});

test("arrays of another realm and of shared memory work", async () => {
  await using index = createIndex({ dimension: 2 });
  // Arrays of a realm of their own.
  const [ids, vectors] = runInNewContext(`[["a", "b"], Float32Array.of(1, 2, 3, 4)]`) as [
    string[],
    Float32Array,
  ];
  await index.add(ids, vectors);
  const shared = new Float32Array(new SharedArrayBuffer(8));
  shared.set([3, 4]);
  expect(idsOf(await index.search(shared, { k: 1 }))).toEqual(["b"]);
});

const LONE = "\ud800";
const THROWS = {
  get(): never {
    throw new Error("a secret");
  },
};
const badCalls: [
  what: string,
  call: (index: ReturnType<typeof createIndex>) => Promise<unknown>,
][] = [
  ["ids that are no array", (index) => index.add("ab" as never, new Float32Array(4))],
  ["an empty id", (index) => index.add([""], new Float32Array(2))],
  ["an id of 1,025 bytes", (index) => index.add(["\u00e9".repeat(513)], new Float32Array(2))],
  ["a lone surrogate", (index) => index.add([LONE], new Float32Array(2))],
  ["two halves of a pair", (index) => index.add([LONE, "\udc00"], new Float32Array(4))],
  ["mixed ids", (index) => index.add(["a", 1] as never, new Float32Array(4))],
  ["an array that throws", (index) => index.add(new Proxy([], THROWS), new Float32Array(2))],
  ["an array that is endless", (index) => index.remove(new Array<string>(2 ** 32 - 1))],
  ["a hole", (index) => index.add(new Array<string>(1), new Float32Array(2))],
  ["an id that comes twice", (index) => index.add(["a", "b", "a"], new Float32Array(6))],
  ["integers in an index of strings", (index) => index.add([1] as never, new Float32Array(2))],
  [
    "a search among integers there",
    (index) => index.search(new Float32Array(2), { candidates: [1] as never }),
  ],
  ["too few values", (index) => index.add(["a", "b"], new Float32Array(3))],
  ["values of another type", (index) => index.add(["a"], new Float64Array(2) as never)],
  ["an array of numbers", (index) => index.add(["a"], [1, 2] as never)],
  ["a value that is not finite", (index) => index.add(["a"], Float32Array.of(0, NaN))],
  ["a query that is not finite", (index) => index.search(Float32Array.of(Infinity, 0))],
  ["a query of another dimension", (index) => index.search(new Float32Array(3))],
  ["a batch of another dimension", (index) => index.searchBatch(new Float32Array(3))],
  ["k = 0", (index) => index.search(new Float32Array(2), { k: 0 })],
  ["k = 1.5", (index) => index.search(new Float32Array(2), { k: 1.5 })],
  ["k = 1,001", (index) => index.search(new Float32Array(2), { k: 1001 })],
  ["k = 1,000,001", (index) => index.search(new Float32Array(2), { k: 1_000_001, maxDistance: 1 })],
  [
    "too large a batch",
    (index) => index.searchBatch(new Float32Array(22), { k: 1e6, maxDistance: 1 }),
  ],
  ["a negative distance", (index) => index.search(new Float32Array(2), { maxDistance: -1 })],
  ["a distance of NaN", (index) => index.search(new Float32Array(2), { maxDistance: NaN })],
  ["an unknown option", (index) => index.search(new Float32Array(2), { limit: 3 } as never)],
  ["a signal that is none", (index) => index.remove(["a"], { signal: 1 as never })],
  ["a path that is no string", (index) => index.save(5 as never)],
  ["an empty path", (index) => index.load("")],
  ["an unknown format", (index) => index.save("x", { format: "hnsw" as never })],
];

test.each(badCalls)("%s is refused, and nothing has changed", async (_, call) => {
  await using index = createIndex({ dimension: 2 });
  await index.add(["here"], Float32Array.of(1, 1));
  expect(await codeOf(call(index))).toBe(WRONG);
  expect(await index.search(Float32Array.of(1, 1))).toEqual([{ id: "here", distance: 0 }]);
});

test.each<[string, unknown]>([
  ["no options", undefined],
  ["no dimension", {}],
  ["dimension 0", { dimension: 0 }],
  ["dimension 4097", { dimension: 4097 }],
  ["an unknown metric", { dimension: 2, metric: "dot" }],
  ["an unknown kind", { dimension: 2, kind: "hnsw" }],
  ["no threads", { dimension: 2, threads: 0 }],
  ["an endless queue", { dimension: 2, queueLimit: Infinity }],
  ["an unknown option", { dimension: 2, size: 2 }],
])("createIndex refuses %s", (_, options) => {
  expect(() => createIndex(options as VectorIndexOptions)).toThrow(
    expect.objectContaining({ code: "COUNTENANCE_INVALID_ARGUMENT" }),
  );
});

test("integers are 0..2^53-2, and no other numbers", async () => {
  await using index = createIndex<number>({ dimension: 1 });
  for (const id of [-1, 0.5, NaN, 2 ** 53 - 1, Infinity]) {
    expect(await codeOf(index.add([id], new Float32Array(1)))).toBe(WRONG);
  }
  await index.add([-0, 2 ** 53 - 2], new Float32Array(2));
  expect(idsOf(await index.search(new Float32Array(1)))).toEqual([0, 2 ** 53 - 2]);
});

test("an index that has become empty takes ids of the other kind", async () => {
  await using index = createIndex<string | number>({ dimension: 1 });
  await index.add(["a"], Float32Array.of(1));
  await index.remove(["a"]);
  expect(index.has(1)).toBe(false);
  await index.add([1], Float32Array.of(1));
  expect(await codeOf(index.remove(["a"]))).toBe(WRONG);
  expect(idsOf(await index.search(Float32Array.of(1)))).toEqual([1]);
});

test("dimensions from 1 to 4096 work", async () => {
  for (const dimension of [1, 3, 17, 128, 512, 4096]) {
    await using index = createIndex<number>({ dimension });
    await index.add([0, 1, 2], numbers(3 * dimension, 5));
    const hits = await index.search(numbers(3 * dimension, 5).subarray(dimension, 2 * dimension));
    expect(hits[0]).toEqual({ id: 1, distance: 0 });
  }
});

test("changes take effect in the order of the calls, without waiting between them", async () => {
  await using index = createIndex<number>({ dimension: 1, threads: 2 });
  const calls = Array.from({ length: 50 }, (_, i) => [
    index.add([1], Float32Array.of(i)),
    index.remove([1]),
  ]).flat();
  calls.push(index.add([1], Float32Array.of(77)));
  await Promise.all(calls);
  expect(await index.search(Float32Array.of(77))).toEqual([{ id: 1, distance: 0 }]);
});

test("while vectors come and go, a search gives ids that were there, each once, of whole additions", async () => {
  await using index = createIndex({ dimension: 8, threads: 2 });
  const steady = Array.from({ length: 50 }, (_, i) => `steady-${String(i)}`);
  await index.add(steady, numbers(50 * 8, 3));
  let running = true;
  const changes = (async () => {
    for (let round = 0; round < 60; round++) {
      // More at once than one lock of the id table takes.
      const ids = Array.from({ length: 400 }, (_, i) => `${String(round)}-${String(i)}`);
      await index.add(ids, new Float32Array(400 * 8));
      await index.remove(ids);
    }
    running = false;
  })();
  let seen = 0;
  while (running) {
    const hits = await index.search(new Float32Array(8), { k: 1000 });
    const moving = idsOf(hits).filter((id) => !id.startsWith("steady-"));
    expect(new Set(idsOf(hits)).size).toBe(hits.length);
    expect(hits.length - moving.length).toBe(50);
    expect([0, 400]).toContain(moving.length);
    expect(new Set(moving.map((id) => id.split("-")[0])).size).toBeLessThanOrEqual(1);
    seen += moving.length;
  }
  await changes;
  expect(index.size).toBe(50);
  expect(seen).toBeGreaterThan(0);
});

test("a call whose signal has fired, or fires while it waits, is aborted and changes nothing", async () => {
  await using index = createIndex<number>({ dimension: 128, threads: 1 });
  const signal = AbortSignal.abort();
  const query = new Float32Array(128);
  for (const call of [
    () => index.add([1], query, { signal }),
    () => index.remove([1], { signal }),
    () => index.search(query, { signal }),
    () => index.searchBatch(query, { signal }),
    () => index.save("/nowhere/file", { signal }),
    () => index.load("/nowhere/file", { signal }),
  ]) {
    expect(await codeOf(call())).toBe("COUNTENANCE_ABORTED");
  }
  const controller = new AbortController();
  // Enough to be under way for longer than it takes to come to the next line but one.
  const ids = Array.from({ length: 60_000 }, (_, i) => i);
  const first = index.add(ids, new Float32Array(60_000 * 128));
  const waiting = index.add([99_999], query, { signal: controller.signal });
  controller.abort();
  expect(await codeOf(waiting)).toBe("COUNTENANCE_ABORTED");
  await first;
  expect(index.size).toBe(60_000);
});

test("one call too many is refused at once, and the others are answered", async () => {
  await using index = createIndex<number>({ dimension: 2, threads: 1, queueLimit: 2 });
  await index.add([1], new Float32Array(2));
  const calls = [1, 2, 3].map(() => index.search(new Float32Array(2)));
  const refused = index.searchBatch(new Float32Array(200));
  expect(await codeOf(refused)).toBe("COUNTENANCE_BUSY");
  expect(await Promise.all(calls.map(codeOf))).toEqual([undefined, undefined, "COUNTENANCE_BUSY"]);
  expect(await index.searchBatch(new Float32Array(200))).toHaveLength(100);
});

test("closing ends what is under way, may be repeated, and refuses every later call", async () => {
  const index = createIndex<number>({ dimension: 128, threads: 2 });
  const ids = Array.from({ length: 2000 }, (_, i) => i);
  await index.add(ids, numbers(2000 * 128, 1));
  const query = new Float32Array(128);
  const calls = Array.from({ length: 40 }, () => index.search(query, { k: 1000 }));
  calls.push(index.add(ids, numbers(2000 * 128, 2)).then(() => []));
  const closed = [index.close(), index.close()];
  for (const code of await Promise.all(calls.map(codeOf))) {
    expect([undefined, "COUNTENANCE_STORE_CLOSED"]).toContain(code);
  }
  await Promise.all(closed);
  await index.close();
  for (const call of [
    () => index.add([1], query),
    () => index.remove([1]),
    () => index.search(query),
    () => index.searchBatch(query),
    () => index.save("x"),
    () => index.load("x"),
  ]) {
    expect(await codeOf(call())).toBe("COUNTENANCE_STORE_CLOSED");
  }
  expect(() => index.has(1)).toThrow(expect.objectContaining({ code: "COUNTENANCE_STORE_CLOSED" }));
  expect(index.size).toBe(0);
});

test("TypeScript knows which ids an index has", async () => {
  await using index = createIndex<number>({ dimension: 1 });
  await index.add([1], Float32Array.of(0));
  const [hit] = await index.search(Float32Array.of(0));
  const id: number | undefined = hit?.id;
  expect(id).toBe(1);
  // @ts-expect-error a string among integers
  expect(await codeOf(index.add(["1"], Float32Array.of(0)))).toBe(WRONG);
  // @ts-expect-error strings are the default
  expect(createIndex({ dimension: 1 }).has(1)).toBe(false);
});
