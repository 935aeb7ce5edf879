import type {
  Change,
  ChangePage,
  ChangesOptions,
  FaceRecord,
  Hit,
  MetadataFilter,
  PageOptions,
  Refusal,
  Store,
  StoredModel,
  StoreOperation,
  StoreSupport,
  SubjectRecord,
  SubjectSummary,
  TransactionResult,
  VectorSearchOptions,
  VectorSearchResult,
} from "../../src/stores/store.js";

/** What a toy store leaves behind: plain data, as on a disk. */
export interface ToyDisk {
  model: StoredModel | undefined;
  journal: { readonly sequence: number; readonly operations: readonly StoreOperation[] }[];
}

export interface ToySubject {
  readonly metadata: SubjectSummary["metadata"];
  readonly createdAtMs: number;
  readonly revision: number;
  /** With the number of each: first come, first found. */
  readonly faces: readonly { readonly number: number; readonly face: FaceRecord }[];
}

export interface ToyState {
  readonly subjects: Map<string, ToySubject>;
  readonly galleries: Map<string, ReadonlySet<string>>;
  faces: number;
}

/** Somebody near a probe. */
export interface ToyHit {
  readonly subjectId: string;
  readonly number: number;
  readonly face: FaceRecord;
  readonly distance: number;
}

export class ToyError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

/**
 * A store as somebody else may write it: Maps, a journal, and no line of ours but the types. It is
 * correct and simple; test/testing/faults.ts plants what can go wrong into it. It is one long file so
 * that published.test.ts can hand it over as somebody's own.
 */
export class ToyStore implements Store {
  readonly supports: StoreSupport = {
    ...{ exact: true, durable: true, filter: true, changes: true, maxDimension: 4096 },
    ...{ returnsVector: true, transactions: true, readYourWrites: true },
  };
  protected readonly disk: ToyDisk;
  protected state: ToyState = { subjects: new Map(), galleries: new Map(), faces: 0 };
  protected sequence = 0;
  protected changes: Change[] = [];
  protected closed = false;
  protected prepared = false;
  protected searchable = false;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(disk: ToyDisk) {
    this.disk = disk;
  }

  async prepare(model: StoredModel, options: Signalled = {}): Promise<StoredModel> {
    const given = { ...model };
    return this.work(options.signal, true, () => {
      if (!Number.isInteger(given.dimension) || given.dimension < 1 || given.dimension > 4096) {
        throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
      }
      this.disk.model ??= given;
      const pinned = this.disk.model;
      const base = (pipeline: string) => pipeline.replace(/\/(f32|bf16)$/, "/f");
      this.searchable =
        pinned.modelId === given.modelId &&
        base(pinned.pipeline) === base(given.pipeline) &&
        pinned.dimension === given.dimension;
      if (!this.prepared) for (const entry of this.disk.journal) this.replay(entry);
      this.prepared = true;
      return { ...pinned };
    });
  }

  protected replay(entry: ToyDisk["journal"][number]): void {
    const outcome = this.play(this.state, entry.operations, entry.sequence);
    if ("state" in outcome) this.accept(entry, outcome.state);
  }

  async transaction(
    operations: readonly StoreOperation[],
    options: Signalled = {},
  ): Promise<TransactionResult> {
    const given = this.captured(operations);
    return this.work(options.signal, false, () => {
      if (given.some(({ kind }) => kind === "add-face")) this.requireSearchable();
      const sequence = this.sequence + 1;
      const outcome = this.play(this.state, given, sequence);
      if ("reason" in outcome) return { committed: false, ...outcome };
      const entry = { sequence, operations: given };
      this.write(entry);
      this.accept(entry, outcome.state);
      return { committed: true, sequence };
    });
  }

  protected write(entry: ToyDisk["journal"][number]): void {
    this.disk.journal.push(entry);
  }

  protected accept(entry: ToyDisk["journal"][number], state: ToyState): void {
    this.state = state;
    this.sequence = entry.sequence;
    this.changes.push(...this.changesOf(entry));
  }

  protected captured(operations: readonly StoreOperation[]): readonly StoreOperation[] {
    const dimension = this.disk.model?.dimension ?? 0;
    for (const operation of operations) checkOperation(operation, dimension);
    return structuredClone(operations);
  }

  /** The state after some operations, or why they are refused. */
  protected play(
    before: ToyState,
    operations: readonly StoreOperation[],
    sequence: number,
  ): { state: ToyState } | { failed: number; reason: Refusal } {
    const state: ToyState = {
      subjects: new Map(before.subjects),
      galleries: new Map(before.galleries),
      faces: before.faces,
    };
    const revised = new Set<string>();
    for (const [failed, operation] of operations.entries()) {
      const reason = this.step(state, operation, revised);
      if (reason !== undefined) return { failed, reason };
    }
    for (const id of revised) {
      const subject = state.subjects.get(id);
      if (subject !== undefined) state.subjects.set(id, { ...subject, revision: sequence });
    }
    this.checkFaces(state, operations);
    return { state };
  }

  protected step(
    state: ToyState,
    operation: StoreOperation,
    revised: Set<string>,
  ): Refusal | undefined {
    const { subjects, galleries } = state;
    switch (operation.kind) {
      case "expect-subject": {
        const subject = subjects.get(operation.subjectId);
        if (subject === undefined) return "subject-missing";
        return subject.revision === operation.revision ? undefined : "subject-changed";
      }
      case "create-subject": {
        const { id, metadata, createdAtMs } = operation.subject;
        if (subjects.has(id)) return "subject-exists";
        subjects.set(id, { metadata, createdAtMs, revision: 0, faces: [] });
        revised.add(id);
        return undefined;
      }
      case "set-metadata": {
        const subject = subjects.get(operation.subjectId);
        if (subject === undefined) return "subject-missing";
        subjects.set(operation.subjectId, { ...subject, metadata: operation.metadata });
        return undefined;
      }
      case "delete-subject":
        if (!subjects.delete(operation.subjectId)) return "subject-missing";
        for (const id of galleries.keys()) setMember(state, id, operation.subjectId, false);
        return undefined;
      case "add-face": {
        const { face } = operation;
        const subject = subjects.get(face.subjectId);
        if (subject === undefined) return "subject-missing";
        const faces = [...subject.faces, { number: ++state.faces, face }];
        subjects.set(face.subjectId, { ...subject, faces });
        revised.add(face.subjectId);
        return undefined;
      }
      case "remove-face": {
        const subject = subjects.get(operation.subjectId);
        const faces = subject?.faces.filter(({ face }) => face.id !== operation.faceId) ?? [];
        if (subject === undefined || faces.length === subject.faces.length) return "face-missing";
        if (faces.length === 0) return "last-face";
        subjects.set(operation.subjectId, { ...subject, faces });
        revised.add(operation.subjectId);
        return undefined;
      }
      case "create-gallery":
        if (galleries.has(operation.galleryId)) return "gallery-exists";
        galleries.set(operation.galleryId, new Set());
        return undefined;
      case "ensure-gallery":
        galleries.set(operation.galleryId, galleries.get(operation.galleryId) ?? new Set());
        return undefined;
      case "delete-gallery":
        return galleries.delete(operation.galleryId) ? undefined : "gallery-missing";
      case "add-member":
      case "remove-member": {
        const { galleryId, subjectId } = operation;
        if (!galleries.has(galleryId)) return "gallery-missing";
        if (!subjects.has(subjectId)) return "subject-missing";
        setMember(state, galleryId, subjectId, operation.kind === "add-member");
        return undefined;
      }
    }
  }

  /** No two faces of one id. */
  protected checkFaces(after: ToyState, operations: readonly StoreOperation[]): void {
    const added = operations.flatMap((one) => (one.kind === "add-face" ? [one.face.id] : []));
    if (added.length === 0) return;
    const ids = new Set(added);
    let count = 0;
    for (const { faces } of after.subjects.values()) {
      for (const { face } of faces) if (ids.has(face.id)) count++;
    }
    if (count > ids.size) throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
  }

  protected changesOf({ sequence, operations }: ToyDisk["journal"][number]): Change[] {
    const subjects = new Set<string>();
    const galleries = new Set<string>();
    for (const operation of operations) {
      if (operation.kind === "expect-subject") continue;
      if (operation.kind === "create-subject") subjects.add(operation.subject.id);
      else if (operation.kind === "add-face") subjects.add(operation.face.subjectId);
      else if ("subjectId" in operation) subjects.add(operation.subjectId);
      else galleries.add(operation.galleryId);
    }
    return [
      ...Array.from(subjects, (subjectId): Change => {
        const kind = this.state.subjects.has(subjectId) ? "subject-changed" : "subject-deleted";
        return { sequence, kind, subjectId };
      }),
      ...Array.from(galleries, (galleryId): Change => {
        const kind = this.state.galleries.has(galleryId) ? "gallery-changed" : "gallery-deleted";
        return { sequence, kind, galleryId };
      }),
    ];
  }

  async getSubject(id: string, options: Signalled = {}): Promise<SubjectRecord | undefined> {
    return this.work(options.signal, false, () => {
      checkText(id);
      const subject = this.state.subjects.get(id);
      if (subject === undefined) return undefined;
      const { metadata, createdAtMs, revision, faces } = subject;
      const galleries = [...this.state.galleries].flatMap(([name, members]) =>
        members.has(id) ? [name] : [],
      );
      return this.given({
        ...{ id, metadata, createdAtMs, revision },
        faces: faces.map(({ face }) => face),
        galleries: this.sorted(galleries),
      });
    });
  }

  /** A copy for the caller. */
  protected given<T>(value: T): T {
    return structuredClone(value);
  }

  protected sorted(ids: readonly string[]): string[] {
    return ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  #page(ids: Iterable<string>, { after, limit }: PageOptions): string[] {
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
      throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
    }
    const sorted = this.sorted([...ids]);
    if (after === undefined) return sorted.slice(0, limit);
    const all = this.sorted([...sorted, after]);
    const at = all.lastIndexOf(after);
    return all.slice(at + 1, at + 1 + limit);
  }

  async listSubjects(
    options: PageOptions & { readonly gallery?: string },
  ): Promise<readonly SubjectSummary[] | undefined> {
    return this.work(options.signal, false, () => {
      const { gallery } = options;
      const ids =
        gallery === undefined ? this.state.subjects.keys() : this.state.galleries.get(gallery);
      if (ids === undefined) return undefined;
      return this.#page(ids, options).map((id) => {
        const subject = this.state.subjects.get(id);
        const { metadata, createdAtMs = NaN } = subject ?? {};
        return this.given({ id, metadata, createdAtMs });
      });
    });
  }

  async listGalleries(options: PageOptions): Promise<readonly string[]> {
    return this.work(options.signal, false, () => this.#page(this.state.galleries.keys(), options));
  }

  async hasGallery(galleryId: string, options: Signalled = {}): Promise<boolean> {
    return this.work(options.signal, false, () => this.state.galleries.has(galleryId));
  }

  async isMember(
    galleryId: string,
    subjectId: string,
    options: Signalled = {},
  ): Promise<boolean | undefined> {
    return this.work(options.signal, false, () => {
      if (!this.state.subjects.has(subjectId)) return undefined;
      return this.state.galleries.get(galleryId)?.has(subjectId);
    });
  }

  async search(
    vector: Float32Array,
    options: VectorSearchOptions,
  ): Promise<VectorSearchResult | undefined> {
    const { signal, ...rest } = options;
    const given = { probe: vector.slice(), ...structuredClone(rest) };
    return this.work(signal, false, () => {
      const { probe, k, gallery, candidates = [], filter } = given;
      this.requireSearchable();
      checkVector(probe, this.disk.model?.dimension ?? 0);
      if (!Number.isInteger(k) || k < 1 || k > 1000) {
        throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
      }
      for (const id of [...candidates, ...(gallery === undefined ? [] : [gallery])]) checkText(id);
      if (filter !== undefined) checkFilter(filter);
      if (gallery !== undefined && !this.state.galleries.has(gallery)) return undefined;
      const all = this.near(probe, this.visible(given));
      const best = new Map<string, ToyHit>();
      for (const hit of all) {
        const known = best.get(hit.subjectId);
        if (known === undefined || this.order(hit, known) < 0) best.set(hit.subjectId, hit);
      }
      const hits = [...best.values()].sort((a, b) => this.order(a, b)).slice(0, k);
      return this.given({ hits: hits.map(hitOf), compared: all.length });
    });
  }

  protected visible(options: VectorSearchOptions): (readonly [string, ToySubject])[] {
    const { gallery, candidates, filter } = options;
    const members = gallery === undefined ? undefined : this.state.galleries.get(gallery);
    const named = candidates === undefined ? undefined : new Set(candidates);
    return [...this.state.subjects].filter(
      ([id, { metadata }]) =>
        (members === undefined || members.has(id)) &&
        (named === undefined || named.has(id)) &&
        (filter === undefined || this.matches(metadata, filter)),
    );
  }

  protected matches(metadata: unknown, filter: MetadataFilter): boolean {
    const wanted = Object.entries(filter);
    if (wanted.length === 0) return true;
    if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return false;
    const fields = new Map<string, unknown>(Object.entries(metadata));
    return wanted.every(
      ([field, values]) =>
        fields.has(field) && [values].flat().some((value) => value === fields.get(field)),
    );
  }

  protected near(probe: Float32Array, among: readonly (readonly [string, ToySubject])[]): ToyHit[] {
    return among.flatMap(([subjectId, { faces }]) =>
      faces.map(({ number, face }) => {
        const distance = Math.hypot(...probe.map((value, i) => value - (face.vector[i] ?? NaN)));
        return { subjectId, number, face, distance };
      }),
    );
  }

  protected order(a: ToyHit, b: ToyHit): number {
    return a.distance - b.distance || a.number - b.number;
  }

  async changesSince(sequence: number, options: ChangesOptions): Promise<ChangePage | undefined> {
    const { limit, signal } = options;
    return this.work(signal, false, () => {
      const whole = Number.isInteger(sequence) && sequence >= 0 && Number.isInteger(limit);
      if (!whole || limit < 1 || limit > 10_000) throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
      if (sequence > this.sequence) return undefined;
      return this.pageOf(
        this.changes.filter((change) => change.sequence > sequence),
        limit,
      );
    });
  }

  protected pageOf(changes: readonly Change[], limit: number): ChangePage {
    const cut = changes[limit]?.sequence;
    if (cut === undefined) return this.given({ changes, sequence: this.sequence });
    const whole = changes.filter((change) => change.sequence < cut);
    const first = changes.filter((change) => change.sequence === changes[0]?.sequence);
    const page = whole.length > 0 ? whole : first;
    return this.given({ changes: page, sequence: page.at(-1)?.sequence ?? cut });
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled([...this.#underWay]);
  }

  /** Every call: refuses, waits its turn as one over a network would, refuses again, works. */
  protected async work<T>(
    signal: AbortSignal | undefined,
    early: boolean,
    work: () => T,
  ): Promise<T> {
    if (this.closed) throw new ToyError("COUNTENANCE_STORE_CLOSED");
    const done = (async () => {
      await this.turn();
      if (signal?.aborted) throw new ToyError("COUNTENANCE_ABORTED");
      if (!early && !this.prepared) throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
      return work();
    })();
    this.#underWay.add(done);
    try {
      return await done;
    } finally {
      this.#underWay.delete(done);
    }
  }

  protected turn(): Promise<void> {
    return new Promise((go) => setImmediate(go));
  }

  protected requireSearchable(): void {
    if (!this.searchable) throw new ToyError("COUNTENANCE_MODEL_MISMATCH");
  }
}

function setMember(state: ToyState, galleryId: string, subjectId: string, present: boolean): void {
  const members = state.galleries.get(galleryId);
  if (members === undefined || members.has(subjectId) === present) return;
  const copy = new Set(members);
  if (present) copy.add(subjectId);
  else copy.delete(subjectId);
  state.galleries.set(galleryId, copy);
}

function hitOf({ subjectId, face }: ToyHit): Hit {
  return { subjectId, faceId: face.id, vector: face.vector };
}

const KINDS = [
  ...["expect-subject", "create-subject", "set-metadata", "delete-subject", "add-face"],
  ...["remove-face", "create-gallery", "ensure-gallery", "delete-gallery", "add-member"],
  "remove-member",
];

function checkOperation(operation: StoreOperation, dimension: number): void {
  const bad = new ToyError("COUNTENANCE_INVALID_ARGUMENT");
  // What JavaScript callers can pass.
  const given: unknown = operation;
  if (given === null || !KINDS.includes(operation.kind)) throw bad;
  if ("subjectId" in operation) checkText(operation.subjectId);
  if ("galleryId" in operation) checkText(operation.galleryId);
  if (operation.kind === "set-metadata") checkMetadata(operation.metadata);
  if (operation.kind === "create-subject") {
    if (!Object.hasOwn(operation, "subject")) throw bad;
    checkText(operation.subject.id);
    checkMetadata(operation.subject.metadata);
    if (!Number.isFinite(operation.subject.createdAtMs)) throw bad;
  }
  if (operation.kind === "add-face") {
    const { id, subjectId, vector, box, score, createdAtMs } = operation.face;
    checkText(id);
    checkText(subjectId);
    checkVector(vector, dimension);
    const numbers = [
      score ?? 0,
      createdAtMs,
      ...(box ? [box.x, box.y, box.width, box.height] : []),
    ];
    if (!numbers.every(Number.isFinite)) throw bad;
  }
}

function checkMetadata(metadata: unknown): void {
  if (metadata === undefined) return;
  const plain = (value: unknown, depth: number): boolean => {
    if (depth > 64) return false;
    if (typeof value === "string") return !/\p{Surrogate}/u.test(value);
    if (value === null || typeof value === "boolean") return true;
    if (typeof value === "number") return Number.isFinite(value);
    if (Array.isArray(value)) return value.every((item) => plain(item, depth + 1));
    if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype)
      return false;
    return Object.values(value).every((item) => plain(item, depth + 1));
  };
  const fits = plain(metadata, 0) && Buffer.byteLength(JSON.stringify(metadata)) <= 64 * 1024;
  if (!fits) throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
}

function checkFilter(filter: unknown): void {
  const bad = new ToyError("COUNTENANCE_INVALID_ARGUMENT");
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) throw bad;
  const fields = Object.values(filter) as unknown[];
  const values: unknown[] = fields.flat();
  if (fields.length > 16 || values.length > 1000) throw bad;
  for (const value of values) {
    if (value === undefined || (typeof value === "object" && value !== null)) throw bad;
    checkMetadata(value);
  }
}

function checkText(text: string): void {
  if (/\p{Surrogate}/u.test(text) || Buffer.byteLength(text) > 1024) {
    throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
  }
}

function checkVector(vector: Float32Array, dimension: number): void {
  if (vector.length !== dimension || !vector.every(Number.isFinite)) {
    throw new ToyError("COUNTENANCE_INVALID_ARGUMENT");
  }
}
