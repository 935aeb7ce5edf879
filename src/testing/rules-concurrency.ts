import assert from "node:assert/strict";

import type { VectorSearchOptions } from "../stores/store.js";
import { commit, created, deleted, face, idsOf, nextTurn, subjectOf, vector } from "./records.js";
import type { Rule } from "./trial.js";

/** Many calls at once: each sees transactions whole, in some order. */
export function concurrencyRules(rule: Rule): void {
  rule("transactions and searches at once are each whole", async (trial) => {
    const store = await trial.ready();
    const pair = async (i: number): Promise<void> => {
      const [a, b] = [`a${String(i)}`, `b${String(i)}`];
      await commit(store, [...created(a, vector(i), "g"), ...created(b, vector(i), "g")]);
      if (i % 3 === 0) await commit(store, [deleted(a), deleted(b)]);
    };
    const look = async (): Promise<void> => {
      const result = await store.search(vector(0), { k: 1000, gallery: "g" });
      assert.equal((result?.compared ?? 0) % 2, 0);
    };
    const work: Promise<void>[] = [];
    for (let i = 0; i < 150; i++) work.push(pair(i), look());
    await Promise.all(work);
    assert.equal((await idsOf(store, vector(0), { k: 1000 }))?.length, 200);
  });

  rule("a subject is read whole while its faces are replaced", async (trial) => {
    const store = await trial.ready();
    const pairOf = (i: number) => [
      ...created("ada", vector(i), `g${String(i % 2)}`),
      { kind: "add-face", face: face("ada", vector(i)) } as const,
    ];
    await commit(store, pairOf(0));
    await whileWriting(
      async (i) => {
        await commit(store, [deleted("ada"), ...pairOf(i)]);
      },
      async () => {
        const { faces, galleries } = await subjectOf(store, "ada");
        assert.equal(faces.length, 2);
        const [value] = faces[0]?.vector ?? [];
        assert.equal(faces[1]?.vector[0], value);
        assert.deepEqual(galleries, [`g${String((value ?? NaN) % 2)}`]);
      },
    );
  });

  rule(
    "replaced subjects are always found, all of them, by every kind of search",
    async (trial) => {
      const store = await trial.ready();
      const ids = Array.from({ length: 20 }, (_, i) => `s${String(i)}`);
      const replacement = (id: string, round: number) => [
        ...created(id, vector(round, ids.indexOf(id)), "g"),
        { kind: "set-metadata", subjectId: id, metadata: { city: "Paris" } } as const,
      ];
      await commit(
        store,
        ids.flatMap((id) => replacement(id, 0)),
      );
      const kinds: Omit<VectorSearchOptions, "k">[] = [{}, { gallery: "g" }, { candidates: ids }];
      if (store.supports.filter) kinds.push({ filter: { city: "Paris" } });
      await whileWriting(
        async (round) => {
          const half = ids.filter((_, i) => (i + round) % 2 === 0);
          await commit(
            store,
            half.flatMap((id) => [deleted(id), ...replacement(id, round)]),
          );
        },
        async (turn) => {
          const options = kinds[turn % kinds.length] ?? {};
          const found = await idsOf(store, vector(0), { k: 50, ...options });
          assert.deepEqual(found?.toSorted(), ids.toSorted(), JSON.stringify(Object.keys(options)));
        },
      );
    },
  );

  rule("a move to another gallery is seen whole", async (trial) => {
    const store = await trial.ready();
    await commit(store, [
      ...created("ada", vector(1), "left"),
      { kind: "create-gallery", galleryId: "right" },
    ]);
    await whileWriting(
      async (i) => {
        const [from, to] = i % 2 === 0 ? ["right", "left"] : ["left", "right"];
        await commit(store, [
          { kind: "remove-member", galleryId: from, subjectId: "ada" },
          { kind: "add-member", galleryId: to, subjectId: "ada" },
        ]);
      },
      async () => {
        assert.equal((await subjectOf(store, "ada")).galleries.length, 1);
      },
    );
  });

  rule("what is acknowledged is visible to the next call of anybody", async (trial) => {
    const store = await trial.ready();
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const [id, g] = [`s${String(i)}`, `g${String(i % 7)}`];
        await commit(store, created(id, vector(100, i), g));
        assert.deepEqual(await idsOf(store, vector(100, i), { k: 1 }), [id]);
        assert.deepEqual(await idsOf(store, vector(100, i), { k: 1, gallery: g }), [id]);
        assert.equal(await store.isMember(g, id), true);
        await commit(store, [deleted(id)]);
        assert.equal(await store.getSubject(id), undefined);
        const gone = await idsOf(store, vector(100, i), { k: 50 });
        assert.equal(gone?.includes(id), false);
      }),
    );
  });

  rule("of transactions that compete for one id, exactly one wins", async (trial) => {
    const store = await trial.ready();
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.transaction(created("ada", vector(i), "g"))),
    );
    assert.equal(results.filter(({ committed }) => committed).length, 1);
    for (const result of results) {
      if (!result.committed) assert.equal(result.reason, "subject-exists");
    }
    const adding = Array.from({ length: 30 }, (_, i) =>
      commit(store, [{ kind: "add-face", face: face("ada", vector(i)) }]),
    );
    const sequences = await Promise.all(adding);
    assert.equal(new Set(sequences).size, 30);
    assert.equal((await subjectOf(store, "ada")).faces.length, 31);
  });

  rule("of two that remove the last two faces, one is refused", async (trial) => {
    const store = await trial.ready();
    for (let i = 0; i < 10; i++) {
      const id = `s${String(i)}`;
      await commit(store, [
        { kind: "create-subject", subject: { id, metadata: undefined, createdAtMs: 1 } },
        { kind: "add-face", face: face(id, vector(1), `${id}-a`) },
        { kind: "add-face", face: face(id, vector(2), `${id}-b`) },
      ]);
      const results = await Promise.all(
        [`${id}-a`, `${id}-b`].map((faceId) =>
          store.transaction([{ kind: "remove-face", subjectId: id, faceId }]),
        ),
      );
      const reasons = results.map((result) => (result.committed ? "committed" : result.reason));
      assert.deepEqual(reasons.toSorted(), ["committed", "last-face"]);
    }
  });
}

/** Writes one after another, and looks without end meanwhile, three at a time. */
async function whileWriting(
  write: (round: number) => Promise<void>,
  look: (turn: number) => Promise<void>,
): Promise<void> {
  let writing = true;
  const looking = Array.from({ length: 3 }, async (_, start) => {
    for (let turn = start; writing; turn++) {
      await look(turn);
      // A store in memory may answer without ever letting the writer in, or in step with it.
      for (let rest = turn % 3; rest >= 0; rest--) await nextTurn();
    }
  });
  const written = (async () => {
    try {
      for (let round = 1; round <= 60; round++) await write(round);
    } finally {
      writing = false;
    }
  })();
  await Promise.all([written, ...looking]);
}
