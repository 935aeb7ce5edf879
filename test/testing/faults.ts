import type {
  Store,
  StoreOperation,
  VectorSearchOptions,
  VectorSearchResult,
} from "../../src/stores/store.js";
import {
  AfterCloseStore,
  AnyModelStore,
  BorrowingStore,
  CoarseStore,
  CuttingStore,
  ForgetfulStore,
  HastyStore,
  ImpatientStore,
  ListeningStore,
  LooseStore,
  LosingStore,
  MatchingStore,
  NeverAheadStore,
  OnceClosingStore,
  PartialStore,
  PathStore,
  QuietStore,
  RepinningStore,
  RestartingStore,
  ReverseTiesStore,
  RoundingStore,
  SharingStore,
  SkippingStore,
  StaleStore,
  StrictModelStore,
  TornStore,
  TwoStepStore,
  UnabortableStore,
  UndeletedStore,
  UnorderedStore,
  WithoutChanges,
  WithoutFilter,
} from "./faulty-stores.js";
import type { ToyClass } from "./toy-place.js";
import { type ToyState, ToyStore } from "./toy-store.js";
interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

/** A toy store whose search is another. */
function searching(
  search: (
    inner: (vector: Float32Array, options: VectorSearchOptions) => ReturnType<Store["search"]>,
    vector: Float32Array,
    options: VectorSearchOptions,
    store: Store,
  ) => Promise<VectorSearchResult | undefined>,
): ToyClass {
  return class extends ToyStore {
    override async search(vector: Float32Array, options: VectorSearchOptions) {
      return search((...args) => super.search(...args), vector, options, this);
    }
  };
}

/** A toy store that takes other operations than it was given. */
function taking(change: (operation: StoreOperation) => readonly StoreOperation[]): ToyClass {
  return class extends ToyStore {
    protected override captured(operations: readonly StoreOperation[]) {
      return super.captured(operations.flatMap(change));
    }
  };
}

/** A toy store that takes some ids for each other. */
function confusing(same: (id: string) => string): ToyClass {
  const renamed = (operation: StoreOperation): StoreOperation => {
    if (operation.kind === "create-subject") {
      return { ...operation, subject: { ...operation.subject, id: same(operation.subject.id) } };
    }
    if (operation.kind === "add-face") {
      const { face } = operation;
      return {
        ...operation,
        face: { ...face, id: same(face.id), subjectId: same(face.subjectId) },
      };
    }
    return {
      ...operation,
      ...("subjectId" in operation && { subjectId: same(operation.subjectId) }),
      ...("galleryId" in operation && { galleryId: same(operation.galleryId) }),
    };
  };
  return class extends ToyStore {
    protected override captured(operations: readonly StoreOperation[]) {
      return super.captured(operations.map(renamed));
    }
    override async getSubject(id: string, options: Signalled = {}) {
      return super.getSubject(same(id), options);
    }
  };
}

const withoutRestriction = ({ k, signal }: VectorSearchOptions): VectorSearchOptions => ({
  k,
  ...(signal && { signal }),
});

/** A step that is not refused as it should be, or does something else. */
function stepping(
  step: (
    inner: (operation: StoreOperation) => ReturnType<ToyStore["step"]>,
    operation: StoreOperation,
    state: ToyState,
    revised: Set<string>,
  ) => ReturnType<ToyStore["step"]>,
): ToyClass {
  return class extends ToyStore {
    protected override step(state: ToyState, operation: StoreOperation, revised: Set<string>) {
      return step((one) => super.step(state, one, revised), operation, state, revised);
    }
  };
}

/** What can be wrong with a store; a part of the name of the rule that must catch it. */
export const FAULTS: readonly (readonly [string, ToyClass, string])[] = [
  [
    "filters after the nearest are chosen",
    searching(async (inner, vector, { filter, ...rest }, store) => {
      const found = await inner(vector, rest);
      if (filter === undefined || found === undefined) return found;
      const kept = await inner(vector, { ...rest, k: 1000, filter });
      const ids = new Set(kept?.hits.map(({ subjectId }) => subjectId));
      const hits = found.hits.filter(({ subjectId }) => ids.has(subjectId));
      return store.supports.filter ? { hits, compared: ids.size } : found;
    }),
    "k subjects come back after filtering",
  ],
  [
    "restricts to a gallery after the nearest are chosen",
    searching(async (inner, vector, { gallery, ...rest }) => {
      if (gallery === undefined) return inner(vector, rest);
      const kept = await inner(vector, { ...rest, k: 1000, gallery });
      const ids = new Set(kept?.hits.map(({ subjectId }) => subjectId));
      const hits = (await inner(vector, rest))?.hits ?? [];
      return kept && { ...kept, hits: hits.filter(({ subjectId }) => ids.has(subjectId)) };
    }),
    "k subjects of a gallery are found",
  ],
  [
    "ignores the gallery in a search",
    searching((inner, vector, { gallery: _, ...rest }) => inner(vector, rest)),
    "k subjects of a gallery are found",
  ],
  [
    "ignores the candidates",
    searching((inner, vector, { candidates: _, ...rest }) => inner(vector, rest)),
    "only candidates are found",
  ],
  [
    "takes an empty list of candidates for none given",
    searching((inner, vector, { candidates = [], ...rest }) =>
      inner(vector, candidates.length === 0 ? rest : { ...rest, candidates }),
    ),
    "only candidates are found",
  ],
  [
    "applies one restriction of several",
    searching((inner, vector, { candidates, gallery, ...rest }) =>
      inner(vector, {
        ...rest,
        ...(gallery !== undefined ? { gallery } : candidates !== undefined && { candidates }),
      }),
    ),
    "gallery and candidates hold together",
  ],
  [
    "counts everybody as compared",
    searching(async (inner, vector, options) => {
      const found = await inner(vector, options);
      const all = await inner(vector, withoutRestriction(options));
      return found && { ...found, compared: all?.compared ?? 0 };
    }),
    "every combination of restrictions",
  ],
  [
    "finds a thousand at most, less one",
    searching((inner, vector, options) =>
      inner(vector, { ...options, k: Math.min(options.k, 999) }),
    ),
    "k of 1000 finds a thousand",
  ],
  [
    "finds a subject once for each of its faces",
    searching(async (inner, vector, options) => {
      const found = await inner(vector, options);
      return (
        found && { ...found, hits: found.hits.flatMap((hit) => [hit, hit]).slice(0, options.k) }
      );
    }),
    "hits are the nearest face of each subject",
  ],
  [
    "reads the probe after its caller got it back",
    searching(async (inner, vector, options) => {
      await Promise.resolve();
      return inner(vector, options);
    }),
    "does to a search under way",
  ],
  [
    "reads a view from the start of its buffer",
    searching((inner, vector, options) =>
      inner(new Float32Array(vector.buffer, 0, vector.length), options),
    ),
    "read from its own place",
  ],
  [
    "accepts any k",
    searching((inner, vector, options) =>
      inner(vector, { ...options, k: Math.min(1000, Math.max(1, Math.round(options.k))) }),
    ),
    "k of 0 is an invalid argument",
  ],
  ["searches what it held a transaction ago", StaleStore, "a deleted subject is not found again"],
  ["turns ties around", ReverseTiesStore, "at equal distances"],
  ["compares distances in five digits", RoundingStore, "differ in the sixth digit"],
  ["searches coarse vectors only", CoarseStore, "[exact]: vectors of 128 values"],
  ["loses what was written before a crash", LosingStore, "[crash]: after a crash, everything"],
  ["writes half a transaction before a crash", TornStore, "that a crash meets is whole or absent"],
  ["keeps what came before the refusal", PartialStore, "a batch that is refused at its last step"],
  ["replaces in two steps", TwoStepStore, "replaced subjects are always found"],
  ["plans on what others have changed", LooseStore, "exactly one wins"],
  ["never leaves its signals", ListeningStore, "leaves no listener"],
  ["ignores signals", UnabortableStore, "with an aborted signal is aborted"],
  ["works before it is prepared", HastyStore, "before prepare is an invalid argument"],
  ["works after it was closed", AfterCloseStore, "after close says"],
  ["fails to close twice", OnceClosingStore, "is idempotent"],
  ["closes over its transactions", ImpatientStore, "close waits for transactions"],
  ["counts from 1 after a restart", RestartingStore, "after close, the sequence goes on"],
  ["takes a new pin", RepinningStore, "keeps its pin"],
  ["searches vectors of another model", AnyModelStore, "and does not search"],
  ["does not know bf16", StrictModelStore, "f32 and bf16"],
  ["keeps the caller's objects", BorrowingStore, "does to a transaction under way"],
  ["gives its own objects away", SharingStore, "does to results changes nothing"],
  ["sorts ids as UTF-16", UnorderedStore, "in the order of UTF-8 bytes"],
  ["composes ids", confusing((id) => id.normalize("NFC")), "subjects of look-alike ids"],
  ["takes upper for lower case", confusing((id) => id.toLowerCase()), "look-alike ids"],
  ["cuts ids at NUL", confusing((id) => id.split("\0")[0] ?? ""), "subjects of look-alike ids"],
  ["cuts ids at 255 letters", confusing((id) => id.slice(0, 255)), "subjects of look-alike ids"],
  ["trims ids", confusing((id) => id.trim()), "subjects of look-alike ids"],
  ["cuts a transaction between pages of changes", CuttingStore, "pages never cut"],
  ["tells less than the page says", SkippingStore, "a copy that follows"],
  ["forgets changes over a restart and does not say so", ForgetfulStore, "over a restart"],
  ["does not tell of metadata and members", QuietStore, "other metadata is told"],
  ["tells of a deletion as of a change", UndeletedStore, "a deletion is told"],
  ["answers for a future that it has not reached", NeverAheadStore, "never reached"],
  ["passes over filters that it does not support", WithoutFilter, "refused as unsupported"],
  ["says that nothing changed instead of unsupported", WithoutChanges, "refused as unsupported"],
  ["compares metadata as text", MatchingStore, "a number is no text"],
  ["takes what is missing for null", MatchingStore, "null is not what is missing"],
  ["takes fields for paths", PathStore, "a dot is no path"],
  [
    "takes any revision",
    stepping((inner, one) => {
      const reason = inner(one);
      return reason === "subject-changed" ? undefined : reason;
    }),
    "a batch that expects the subject as it was is refused",
  ],
  [
    "counts a revision of metadata",
    stepping((inner, one, _, revised) => {
      if (one.kind === "set-metadata") revised.add(one.subjectId);
      return inner(one);
    }),
    "that alone changes no revision",
  ],
  [
    "leaves a subject without faces",
    stepping((inner, one, { subjects }) => {
      const reason = inner(one);
      const subject = "subjectId" in one ? subjects.get(one.subjectId) : undefined;
      if (reason !== "last-face" || subject === undefined || !("subjectId" in one)) return reason;
      subjects.set(one.subjectId, { ...subject, faces: [] });
      return undefined;
    }),
    "removing the last face is refused",
  ],
  [
    "keeps the memberships of who was deleted",
    stepping((inner, one, { galleries }) => {
      const before = new Map(galleries);
      const reason = inner(one);
      if (one.kind === "delete-subject") for (const [id, set] of before) galleries.set(id, set);
      return reason;
    }),
    "deleting a subject removes its faces and memberships",
  ],
  [
    "empties a gallery that is ensured",
    stepping((inner, one, { galleries }) => {
      if (one.kind === "ensure-gallery") galleries.delete(one.galleryId);
      return inner(one);
    }),
    "what is there already",
  ],
  [
    "accepts an unknown step",
    taking((one) => (Object(one) === one && one.kind.startsWith("drop") ? [] : [one])),
    "an unknown kind is an invalid argument",
  ],
  [
    "makes null of no metadata",
    taking((one) =>
      one.kind === "set-metadata" ? [{ ...one, metadata: one.metadata ?? null }] : [one],
    ),
    "metadata can be anything JSON",
  ],
  [
    "rounds vectors",
    taking((one) => {
      if (one.kind !== "add-face" || one.face.vector.some(Number.isNaN)) return [one];
      const vector = one.face.vector.map((value) => Math.round(value * 1000) / 1000);
      return [{ ...one, face: { ...one.face, vector } }];
    }),
    "comes back as it was put in",
  ],
];
