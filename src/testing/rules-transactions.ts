import assert from "node:assert/strict";

import type { Refusal, StoreOperation } from "../stores/store.js";
import {
  commit,
  created,
  deleted,
  face,
  failsWith,
  idsOf,
  plain,
  subjectOf,
  vector,
} from "./records.js";
import type { Rule } from "./trial.js";

const REFUSALS: readonly (readonly [string, StoreOperation, Refusal])[] = [
  [
    "creating one that exists",
    { kind: "create-subject", subject: { id: "ada", metadata: undefined, createdAtMs: 1 } },
    "subject-exists",
  ],
  ["expecting nobody", { kind: "expect-subject", subjectId: "x", revision: 1 }, "subject-missing"],
  [
    "expecting another revision",
    { kind: "expect-subject", subjectId: "bob", revision: -1 },
    "subject-changed",
  ],
  ["metadata of nobody", { kind: "set-metadata", subjectId: "x", metadata: 1 }, "subject-missing"],
  ["deleting nobody", { kind: "delete-subject", subjectId: "x" }, "subject-missing"],
  ["a face of nobody", { kind: "add-face", face: face("x", vector(1)) }, "subject-missing"],
  [
    "removing a face that is not there",
    { kind: "remove-face", subjectId: "ada", faceId: "x" },
    "face-missing",
  ],
  [
    "removing somebody else's face",
    { kind: "remove-face", subjectId: "bob", faceId: "ada-1" },
    "face-missing",
  ],
  [
    "removing a face of nobody",
    { kind: "remove-face", subjectId: "x", faceId: "ada-1" },
    "face-missing",
  ],
  [
    "removing the last face",
    { kind: "remove-face", subjectId: "ada", faceId: "ada-1" },
    "last-face",
  ],
  ["a gallery that exists", { kind: "create-gallery", galleryId: "g" }, "gallery-exists"],
  ["deleting no gallery", { kind: "delete-gallery", galleryId: "x" }, "gallery-missing"],
  [
    "a member of no gallery",
    { kind: "add-member", galleryId: "x", subjectId: "ada" },
    "gallery-missing",
  ],
  ["nobody as member", { kind: "add-member", galleryId: "g", subjectId: "x" }, "subject-missing"],
  [
    "removing nobody from a gallery",
    { kind: "remove-member", galleryId: "g", subjectId: "x" },
    "subject-missing",
  ],
  [
    "removing a member of no gallery",
    { kind: "remove-member", galleryId: "x", subjectId: "ada" },
    "gallery-missing",
  ],
];

/** A transaction happens wholly or not at all. */
export function transactionRules(rule: Rule): void {
  for (const [what, bad, reason] of REFUSALS) {
    rule(`${what} is refused, and nothing of the batch is written`, async (trial) => {
      const store = await trial.ready();
      await commit(store, [
        ...created("bob", vector(5), "g"),
        { kind: "create-subject", subject: { id: "ada", metadata: 1, createdAtMs: 1 } },
        { kind: "add-face", face: face("ada", vector(1), "ada-1") },
      ]);
      const before = plain(await store.getSubject("ada"));
      const result = await store.transaction([
        { kind: "set-metadata", subjectId: "ada", metadata: 2 },
        ...created("new", vector(3), "new-gallery"),
        deleted("new"),
        bad,
        deleted("bob"),
      ]);
      assert.deepEqual({ ...result }, { committed: false, failed: 6, reason });
      assert.deepEqual(plain(await store.getSubject("ada")), before);
      assert.equal(await store.getSubject("new"), undefined);
      assert.equal(await store.hasGallery("new-gallery"), false);
      assert.deepEqual(await idsOf(store, vector(0)), ["ada", "bob"]);
    });
  }

  rule("a batch that is refused at its last step leaves no trace", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g"));
    const before = plain(await store.getSubject("ada"));
    const result = await store.transaction([
      ...created("new", vector(2), "h"),
      { kind: "add-face", face: face("ada", vector(3)) },
      { kind: "set-metadata", subjectId: "ada", metadata: "new" },
      { kind: "remove-member", galleryId: "g", subjectId: "ada" },
      { kind: "delete-gallery", galleryId: "g" },
      deleted("nobody"),
    ]);
    assert.deepEqual({ ...result }, { committed: false, failed: 8, reason: "subject-missing" });
    assert.deepEqual(plain(await store.getSubject("ada")), before);
    assert.deepEqual(await store.listGalleries({ limit: 5 }), ["g"]);
    assert.equal((await store.search(vector(0), { k: 5 }))?.compared, 1);
    assert.deepEqual(await idsOf(store, vector(0), { gallery: "g" }), ["ada"]);
  });

  rule("the steps of one batch see each other", async (trial) => {
    const store = await trial.ready();
    await commit(store, [
      ...created("ada", vector(1), "g"),
      deleted("ada"),
      { kind: "create-subject", subject: { id: "ada", metadata: undefined, createdAtMs: 2 } },
      { kind: "add-face", face: face("ada", vector(2), "kept") },
      { kind: "add-face", face: face("ada", vector(3), "dropped") },
      { kind: "remove-face", subjectId: "ada", faceId: "dropped" },
      ...created("bob", vector(1), "g"),
      deleted("bob"),
      ...created("bob", vector(4)),
      { kind: "remove-member", galleryId: "g", subjectId: "ada" },
      { kind: "delete-gallery", galleryId: "g" },
      { kind: "create-gallery", galleryId: "g" },
      { kind: "add-member", galleryId: "g", subjectId: "bob" },
    ]);
    const { faces } = await subjectOf(store, "ada");
    assert.deepEqual(
      faces.map(({ id }) => id),
      ["kept"],
    );
    assert.equal((await store.search(vector(0), { k: 9 }))?.compared, 2);
    assert.deepEqual(await idsOf(store, vector(0), { gallery: "g" }), ["bob"]);
    assert.equal(await store.isMember("g", "ada"), false);
  });

  rule("a face's id is free again within the batch that deletes its subject", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1)));
    await commit(store, [
      { kind: "add-face", face: face("ada", vector(2), "moved") },
      deleted("ada"),
      { kind: "create-subject", subject: { id: "bob", metadata: undefined, createdAtMs: 2 } },
      { kind: "add-face", face: face("bob", vector(3), "moved") },
    ]);
    const { faces } = await subjectOf(store, "bob");
    assert.deepEqual(
      faces.map(({ id }) => id),
      ["moved"],
    );
  });

  rule("what is there already is no reason to refuse", async (trial) => {
    const store = await trial.ready();
    await commit(store, created("ada", vector(1), "g"));
    await commit(store, [{ kind: "ensure-gallery", galleryId: "g" }]);
    assert.deepEqual((await subjectOf(store, "ada")).galleries, ["g"]);
    await commit(store, [
      { kind: "add-member", galleryId: "g", subjectId: "ada" },
      { kind: "ensure-gallery", galleryId: "h" },
      { kind: "remove-member", galleryId: "h", subjectId: "ada" },
    ]);
    assert.deepEqual((await subjectOf(store, "ada")).galleries, ["g"]);
  });

  rule("the sequence grows with every transaction", async (trial) => {
    const store = await trial.ready();
    let before = 0;
    for (const operations of [created("ada", vector(1)), [], [deleted("ada")], []]) {
      const sequence = await commit(store, operations);
      assert.ok(Number.isSafeInteger(sequence) && sequence > before, "a greater whole number");
      before = sequence;
    }
  });

  rule("a face id that is in use is an invalid argument, whoever has it", async (trial) => {
    const store = await trial.ready();
    await commit(store, [
      ...created("ada", vector(1)),
      { kind: "add-face", face: face("ada", vector(2), "taken") },
      ...created("bob", vector(5)),
    ]);
    for (const owner of ["ada", "bob"]) {
      const add: StoreOperation = { kind: "add-face", face: face(owner, vector(3), "taken") };
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.transaction([add]));
    }
    assert.equal((await store.search(vector(0), { k: 5 }))?.compared, 3);
    await commit(store, [
      { kind: "remove-face", subjectId: "ada", faceId: "taken" },
      { kind: "add-face", face: face("bob", vector(3), "taken") },
    ]);
    assert.equal((await subjectOf(store, "bob")).faces[1]?.id, "taken");
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const subject = (metadata: unknown, createdAtMs = 1): unknown => ({
    kind: "create-subject",
    subject: { id: "bob", metadata, createdAtMs },
  });
  const bad: readonly (readonly [string, unknown])[] = [
    ["a cycle", subject(cycle)],
    ["a function", subject({ toJSON: () => 1 })],
    ["a date", subject(new Date(0))],
    ["NaN", { kind: "set-metadata", subjectId: "ada", metadata: [NaN] }],
    ["half a surrogate pair in metadata", subject({ name: "\ud800" })],
    ["more than 64 KiB", subject("x".repeat(64 * 1024))],
    ["a time that is none", subject(1, NaN)],
    ["a score that is none", { kind: "add-face", face: { ...face("ada", vector(1)), score: NaN } }],
    ["half a box", { kind: "add-face", face: { ...face("ada", vector(1)), box: { x: 1 } } }],
    ["an unknown kind", { kind: "drop-everything" }],
    ["no subject", { kind: "create-subject" }],
    ["no operation", null],
  ];
  for (const [what, one] of bad) {
    rule(`${what} is an invalid argument, and nothing of the batch is written`, async (trial) => {
      const store = await trial.ready();
      await commit(store, created("ada", vector(1)));
      const before = plain(await store.getSubject("ada"));
      // What JavaScript callers can pass.
      const operations = [...created("new", vector(2), "g"), one] as StoreOperation[];
      await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.transaction(operations));
      assert.deepEqual(plain(await store.getSubject("ada")), before);
      assert.equal(await store.hasGallery("g"), false);
      assert.equal((await store.search(vector(0), { k: 9 }))?.compared, 1);
      await commit(store, created("new", vector(2)));
    });
  }
}
