import assert from "node:assert/strict";

import type { Store } from "../stores/store.js";
import { codeOf, commit, created, failsWith, MODEL, nextTurn, vector } from "./records.js";
import type { Rule } from "./trial.js";

/** Every call of a store but `close`, with arguments that are right. */
const CALLS: readonly (readonly [
  string,
  (store: Store, signal?: AbortSignal) => Promise<unknown>,
])[] = [
  ["transaction", (store, signal) => store.transaction(created("x", vector(1)), given(signal))],
  ["getSubject", (store, signal) => store.getSubject("x", given(signal))],
  ["listSubjects", (store, signal) => store.listSubjects({ limit: 1, ...given(signal) })],
  ["listGalleries", (store, signal) => store.listGalleries({ limit: 1, ...given(signal) })],
  ["hasGallery", (store, signal) => store.hasGallery("g", given(signal))],
  ["isMember", (store, signal) => store.isMember("g", "x", given(signal))],
  ["search", (store, signal) => store.search(vector(1), { k: 1, ...given(signal) })],
];

function given(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Open, prepare, use, abort, close. */
export function lifecycleRules(rule: Rule): void {
  rule("prepare pins a new store to its model", async (trial) => {
    const store = await trial.open();
    assert.deepEqual({ ...(await store.prepare(MODEL)) }, MODEL);
  });

  rule("prepare with an aborted signal is aborted, and can be called again", async (trial) => {
    const store = await trial.open();
    await failsWith("COUNTENANCE_ABORTED", () =>
      store.prepare(MODEL, { signal: AbortSignal.abort() }),
    );
    assert.deepEqual({ ...(await store.prepare(MODEL)) }, MODEL);
  });

  rule("a model that cannot be is an invalid argument", async (trial) => {
    for (const dimension of [0, -1, 1.5, NaN, Infinity]) {
      const store = await trial.open();
      const tooMany = store.supports.maxDimension + 1;
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () =>
        store.prepare({ ...MODEL, dimension: tooMany }),
      );
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.prepare({ ...MODEL, dimension }));
      await store.close();
    }
  });

  for (const [name, call] of CALLS) {
    rule(`${name} before prepare is an invalid argument`, async (trial) => {
      const store = await trial.open();
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => call(store));
    });

    rule(`${name} with an aborted signal is aborted, and does nothing`, async (trial) => {
      const store = await trial.ready();
      await failsWith("COUNTENANCE_ABORTED", () => call(store, AbortSignal.abort("enough")));
      assert.equal(await store.getSubject("x"), undefined);
    });

    rule(`${name} leaves no listener on its signal`, async (trial) => {
      const store = await trial.ready();
      const { signal } = new AbortController();
      const listening = countListeners(signal);
      await call(store, signal);
      assert.equal(listening(), 0);
    });

    rule(`${name} after close says that the store is closed`, async (trial) => {
      const store = await trial.ready();
      await store.close();
      await failsWith("COUNTENANCE_STORE_CLOSED", () => call(store));
    });
  }

  rule("prepare after close says that the store is closed", async (trial) => {
    const store = await trial.open();
    await store.close();
    await failsWith("COUNTENANCE_STORE_CLOSED", () => store.prepare(MODEL));
  });

  rule("a signal that fires leaves a transaction whole or undone", async (trial) => {
    const store = await trial.ready();
    for (let i = 0; i < 20; i++) {
      const id = `s${String(i)}`;
      const controller = new AbortController();
      const { signal } = controller;
      const done = store.transaction(created(id, vector(i), "g"), { signal });
      for (let turn = 0; turn < i % 5; turn++) await nextTurn();
      controller.abort();
      const outcome = await done.then(({ committed }) => committed, codeOf);
      const subject = await store.getSubject(id);
      if (outcome === true) {
        assert.deepEqual([subject?.faces.length, subject?.galleries], [1, ["g"]]);
      } else {
        assert.deepEqual([outcome, subject], ["COUNTENANCE_ABORTED", undefined]);
      }
    }
  });

  rule("a signal that fires ends a search, or is too late for it", async (trial) => {
    const store = await trial.ready();
    for (let i = 0; i < 20; i++) await commit(store, created(`s${String(i)}`, vector(i)));
    for (let i = 0; i < 20; i++) {
      const controller = new AbortController();
      const done = store.search(vector(0), { k: 3, signal: controller.signal });
      for (let turn = 0; turn < i % 3; turn++) await nextTurn();
      controller.abort();
      const outcome = await done.then((found) => found?.hits.length, codeOf);
      if (outcome !== 3) assert.equal(outcome, "COUNTENANCE_ABORTED");
    }
    assert.equal((await store.search(vector(0), { k: 3 }))?.hits.length, 3);
  });

  rule("close waits for transactions under way, and is idempotent", async (trial) => {
    const store = await trial.ready();
    const work = Array.from({ length: 20 }, (_, i) =>
      store.transaction(created(`s${String(i)}`, vector(i))),
    );
    const ends = Promise.allSettled(work);
    await Promise.all([store.close(), store.close()]);
    await store.close();
    for (const end of await ends) {
      assert.equal(end.status === "fulfilled" ? end.value.committed : codeOf(end.reason), true);
    }
  });

  rule("close while searches run leaves none of them without an end", async (trial) => {
    const store = await trial.ready();
    for (let i = 0; i < 20; i++) await commit(store, created(`s${String(i)}`, vector(i)));
    const searches = Array.from({ length: 20 }, () => store.search(vector(0), { k: 5 }));
    const ends = Promise.allSettled(searches);
    await store.close();
    for (const end of await ends) {
      if (end.status === "fulfilled") assert.equal(end.value?.hits.length, 5);
      else assert.equal(codeOf(end.reason), "COUNTENANCE_STORE_CLOSED");
    }
  });

  rule("a store that was never prepared closes", async (trial) => {
    const store = await trial.open();
    await store.close();
    await store.close();
  });
}

/** Watches a signal. @returns how many listeners are on it now. */
function countListeners(signal: AbortSignal): () => number {
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<AbortSignal["addEventListener"]>) => {
    listeners.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<AbortSignal["removeEventListener"]>) => {
    listeners.delete(args[1]);
    remove(...args);
  };
  return () => listeners.size;
}
