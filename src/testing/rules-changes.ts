import assert from "node:assert/strict";

import type { Change, ChangePage, Store, StoreOperation } from "../stores/store.js";
import {
  commit,
  created,
  deleted,
  face,
  failsWith,
  nextTurn,
  randomFrom,
  vector,
} from "./records.js";
import type { Rule } from "./trial.js";

/** `changesSince` tells a follower everything, in order, by whole transactions. */
export function changeRules(rule: Rule): void {
  rule("changes are told, or refused as unsupported", async (trial) => {
    const store = await trial.ready();
    const ask = () => store.changesSince(0, { limit: 1 });
    if (store.supports.changes) assert.deepEqual((await ask())?.changes, []);
    else await failsWith("COUNTENANCE_UNSUPPORTED", ask);
  });

  const steps: readonly (readonly [string, () => StoreOperation[], string[]])[] = [
    ["another face", () => [{ kind: "add-face", face: face("ada", vector(2)) }], ["ada"]],
    [
      "a face less",
      () => [
        { kind: "add-face", face: face("bob", vector(2), "gone") },
        { kind: "remove-face", subjectId: "bob", faceId: "gone" },
        { kind: "remove-face", subjectId: "ada", faceId: "ada-2" },
      ],
      ["ada"],
    ],
    [
      "other metadata",
      () => [{ kind: "set-metadata", subjectId: "ada", metadata: { a: 1 } }],
      ["ada"],
    ],
    ["a new member", () => [{ kind: "add-member", galleryId: "h", subjectId: "ada" }], ["ada"]],
    ["a member less", () => [{ kind: "remove-member", galleryId: "g", subjectId: "ada" }], ["ada"]],
    ["a deletion", () => [deleted("ada")], ["-ada"]],
    ["a replacement", () => [deleted("ada"), ...created("ada", vector(5))], ["ada"]],
    ["a new gallery", () => [{ kind: "create-gallery", galleryId: "i" }], ["#i"]],
    ["an ensured gallery", () => [{ kind: "ensure-gallery", galleryId: "i" }], ["#i"]],
    ["a gallery less", () => [{ kind: "delete-gallery", galleryId: "g" }], ["-#g"]],
    [
      "a gallery made anew",
      () => [
        { kind: "delete-gallery", galleryId: "g" },
        { kind: "create-gallery", galleryId: "g" },
      ],
      ["#g"],
    ],
  ];
  for (const [what, operations, expected] of steps) {
    rule(
      `${what} is told, once for each subject and gallery`,
      async (trial) => {
        const store = await trial.ready();
        const before = await commit(store, [
          ...created("ada", vector(1), "g"),
          { kind: "add-face", face: face("ada", vector(7), "ada-2") },
          ...created("bob", vector(1), "h"),
        ]);
        const sequence = await commit(store, operations());
        const page = await pageAfter(store, before, 100);
        assert.equal(page.sequence, sequence);
        const told = page.changes.map(nameOf);
        assert.equal(new Set(told.map((name) => name.replace("-", ""))).size, told.length);
        // More may be told than differs, of what the transaction names.
        for (const name of expected) assert.ok(told.includes(name), `told of ${told.join(", ")}`);
        for (const change of page.changes) assert.equal(change.sequence, sequence);
      },
      "changes",
    );
  }

  rule(
    "what was refused is not told, and what changes nothing still moves on",
    async (trial) => {
      const store = await trial.ready();
      const before = await commit(store, created("ada", vector(1)));
      await store.transaction([...created("bob", vector(1)), deleted("nobody")]);
      const { revision } = (await store.getSubject("ada")) ?? assert.fail();
      const last = await commit(store, [{ kind: "expect-subject", subjectId: "ada", revision }]);
      const page = await pageAfter(store, before, 10);
      assert.deepEqual([page.changes, page.sequence], [[], last]);
      assert.deepEqual((await pageAfter(store, last, 10)).changes, []);
    },
    "changes",
  );

  rule(
    "pages never cut a transaction, whatever the limit",
    async (trial) => {
      const store = await trial.ready();
      const { sizes, last } = await commitOfSizes(store, [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]);
      for (const limit of [1, 2, 5, 7, 39, 40, 10_000]) {
        const seen = new Map<number, number>();
        for (let at = 0; at < last;) {
          const page = await pageAfter(store, at, limit);
          const inPage = new Map<number, number>();
          for (const { sequence } of page.changes) {
            assert.ok(sequence > at && sequence <= page.sequence, "a change of this page");
            inPage.set(sequence, (inPage.get(sequence) ?? 0) + 1);
          }
          for (const [sequence, count] of inPage) {
            assert.equal(seen.has(sequence), false, "a transaction on two pages");
            seen.set(sequence, count);
          }
          assert.ok(page.sequence > at, "the page goes on");
          assert.ok(inPage.size === 1 || page.changes.length <= limit, "about the limit");
          at = page.sequence;
        }
        assert.deepEqual([...seen], [...sizes]);
      }
    },
    "changes",
  );

  rule(
    "a copy that follows the changes is the same in the end",
    async (trial) => {
      const store = await trial.ready();
      const random = randomFrom(21);
      const copy = new Map<string, unknown>();
      let at = 0;
      for (let i = 0; i < 120; i++) {
        await store.transaction(randomOperations(random));
        if (random() < 0.7) continue;
        at = await follow(store, at, copy, 1 + Math.floor(random() * 6));
      }
      await follow(store, at, copy, 3);
      const expected = new Map<string, unknown>();
      for (const id of IDS) {
        const state = await stateOf(store, id);
        if (state !== undefined) expected.set(id, state);
      }
      assert.deepEqual(new Map([...copy].sort()), new Map([...expected].sort()));
    },
    "changes",
  );

  rule(
    "a follower misses nothing of transactions that commit at once",
    async (trial) => {
      const store = await trial.ready();
      const told = new Set<string>();
      let at = 0;
      let writing = true;
      const following = (async () => {
        for (let more = true; more;) {
          more = writing;
          const page = await pageAfter(store, at, 10);
          for (const change of page.changes) told.add(nameOf(change));
          at = page.sequence;
          await nextTurn();
        }
      })();
      const ids = Array.from({ length: 200 }, (_, i) => `s${String(i)}`);
      await Promise.all(ids.map((id, i) => commit(store, created(id, vector(i)))));
      writing = false;
      await following;
      for (;;) {
        const page = await pageAfter(store, at, 1000);
        for (const change of page.changes) told.add(nameOf(change));
        if (page.changes.length === 0) break;
        at = page.sequence;
      }
      assert.deepEqual(told, new Set(ids));
    },
    "changes",
  );

  rule(
    "a sequence that was never reached is not known",
    async (trial) => {
      const store = await trial.ready();
      const last = await commit(store, created("ada", vector(1)));
      assert.equal(await store.changesSince(last + 1, { limit: 10 }), undefined);
    },
    "changes",
  );

  rule(
    "changesSince is prepared, open, aborted and checked as every other call",
    async (trial) => {
      const early = await trial.open();
      const ask = (store: Store, sequence: number, limit: number) => () =>
        store.changesSince(sequence, { limit });
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", ask(early, 0, 1));
      await early.close();
      const store = await trial.ready();
      for (const [sequence, limit] of [
        [-1, 1],
        [0.5, 1],
        [NaN, 1],
        [0, 0],
        [0, 10_001],
        [0, 1.5],
      ] as const) {
        await failsWith("COUNTENANCE_INVALID_ARGUMENT", ask(store, sequence, limit));
      }
      await failsWith("COUNTENANCE_ABORTED", () =>
        store.changesSince(0, { limit: 1, signal: AbortSignal.abort() }),
      );
      await store.close();
      await failsWith("COUNTENANCE_STORE_CLOSED", ask(store, 0, 1));
    },
    "changes",
  );
}

export async function pageAfter(
  store: Store,
  sequence: number,
  limit: number,
): Promise<ChangePage> {
  const page = await store.changesSince(sequence, { limit });
  return page ?? assert.fail("a store forgot changes that are among its newest 100,000");
}

/** `ada`, `-ada` when it was deleted, `#g` for a gallery. */
function nameOf(change: Change): string {
  const sign = change.kind.endsWith("-deleted") ? "-" : "";
  return "subjectId" in change ? `${sign}${change.subjectId}` : `${sign}#${change.galleryId}`;
}

/** Transactions that each make so many subjects. @returns how many changes each has. */
async function commitOfSizes(store: Store, counts: readonly number[]) {
  const sizes = new Map<number, number>();
  let last = 0;
  for (const [i, count] of counts.entries()) {
    const ids = Array.from({ length: count }, (_, j) => `s${String(i)}-${String(j)}`);
    last = await commit(
      store,
      ids.flatMap((id) => created(id, vector(i))),
    );
    sizes.set(last, count);
    if (i % 4 === 1) last = await commit(store, []);
  }
  return { sizes, last };
}

const IDS = Array.from({ length: 12 }, (_, i) => `s${String(i)}`);

/** Some steps, which may be refused. */
function randomOperations(random: () => number): StoreOperation[] {
  const id = () => IDS[Math.floor(random() * IDS.length)] ?? "s0";
  return Array.from({ length: 1 + Math.floor(random() * 3) }, (): StoreOperation[] => {
    const subjectId = id();
    const kind = Math.floor(random() * 6);
    if (kind <= 1) return created(subjectId, vector(random()), "g");
    if (kind === 2) return [deleted(subjectId)];
    if (kind === 3) return [{ kind: "set-metadata", subjectId, metadata: random() }];
    if (kind === 4) return [{ kind: "add-face", face: face(subjectId, vector(random())) }];
    return [{ kind: "remove-member", galleryId: "g", subjectId }];
  }).flat();
}

/** What a copy holds of a subject. */
async function stateOf(store: Store, id: string): Promise<unknown> {
  const subject = await store.getSubject(id);
  if (subject === undefined) return undefined;
  const { metadata, faces, galleries } = subject;
  return { metadata, faces: faces.map((one) => one.id), galleries: [...galleries] };
}

async function follow(
  store: Store,
  from: number,
  copy: Map<string, unknown>,
  limit: number,
): Promise<number> {
  for (let at = from; ;) {
    const page = await pageAfter(store, at, limit);
    for (const change of page.changes) {
      if (!("subjectId" in change)) continue;
      const state = await stateOf(store, change.subjectId);
      if (state === undefined) copy.delete(change.subjectId);
      else copy.set(change.subjectId, state);
    }
    if (page.changes.length === 0) return page.sequence;
    assert.ok(page.sequence > at, "the page goes on");
    at = page.sequence;
  }
}
