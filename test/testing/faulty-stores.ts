import type {
  Change,
  ChangePage,
  ChangesOptions,
  Metadata,
  MetadataFilter,
  StoredModel,
  StoreOperation,
  TransactionResult,
  VectorSearchOptions,
} from "../../src/stores/store.js";
import { type ToyDisk, ToyError, type ToyHit, type ToyState, ToyStore } from "./toy-store.js";

// Toy stores with one fault each; test/testing/faults.ts says which rule must catch it.

type Entry = ToyDisk["journal"][number];
interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

export class StaleStore extends ToyStore {
  #before = this.state;
  protected override accept(entry: Entry, state: ToyState) {
    this.#before = this.state;
    super.accept(entry, state);
  }
  protected override visible(options: VectorSearchOptions) {
    const now = this.state;
    this.state = this.#before;
    try {
      return super.visible(options);
    } finally {
      this.state = now;
    }
  }
}

export class LosingStore extends ToyStore {
  readonly #unwritten: Entry[] = [];
  protected override write(entry: Entry) {
    this.#unwritten.push(entry);
  }
  override async close() {
    await super.close();
    this.disk.journal.push(...this.#unwritten.splice(0));
  }
}

export class TornStore extends ToyStore {
  protected override write({ sequence, operations }: Entry) {
    const half = operations.length >> 1;
    const entry = { sequence, operations: operations.slice(0, half) };
    this.disk.journal.push(entry);
    setImmediate(() => Object.assign(entry, { operations }));
  }
}

export class PartialStore extends ToyStore {
  protected override play(before: ToyState, operations: readonly StoreOperation[], seq: number) {
    for (const count of operations.keys()) {
      const part = super.play(before, operations.slice(0, count + 1), seq);
      if ("reason" in part) return part;
      this.state = part.state;
    }
    return super.play(before, operations, seq);
  }
}

export class TwoStepStore extends ToyStore {
  override async transaction(operations: readonly StoreOperation[], options: Signalled = {}) {
    const at = operations.findLastIndex(({ kind }) => kind === "delete-subject") + 1;
    const whole = operations.slice(0, at).every(({ kind }) => kind !== "expect-subject");
    if (at === 0 || at === operations.length || !whole) {
      return super.transaction(operations, options);
    }
    const copy = this.captured(operations);
    const first = await super.transaction(copy.slice(0, at), options);
    return first.committed ? super.transaction(copy.slice(at), options) : first;
  }
}

export class LooseStore extends ToyStore {
  override async transaction(operations: readonly StoreOperation[]): Promise<TransactionResult> {
    const before = this.state;
    const sequence = this.sequence + 1;
    const given = this.captured(operations);
    await this.turn();
    const outcome = this.play(before, given, sequence);
    if ("reason" in outcome) return { committed: false, ...outcome };
    this.accept({ sequence, operations: given }, outcome.state);
    return { committed: true, sequence };
  }
}

export class ListeningStore extends ToyStore {
  protected override async work<T>(
    signal: AbortSignal | undefined,
    early: boolean,
    work: () => T,
  ): Promise<T> {
    signal?.addEventListener("abort", () => undefined);
    return super.work(signal, early, work);
  }
}

export class UnabortableStore extends ToyStore {
  protected override async work<T>(_: AbortSignal | undefined, early: boolean, work: () => T) {
    return super.work(undefined, early, work);
  }
}

export class HastyStore extends ToyStore {
  protected override async work<T>(signal: AbortSignal | undefined, _: boolean, work: () => T) {
    return super.work(signal, true, work);
  }
}

export class AfterCloseStore extends ToyStore {
  override async close() {
    await super.close();
    this.closed = false;
  }
}

export class OnceClosingStore extends ToyStore {
  override async close() {
    if (this.closed) throw new Error("closed already");
    await super.close();
  }
}

export class ImpatientStore extends ToyStore {
  protected override write(entry: Entry) {
    if (this.closed) throw new ToyError("COUNTENANCE_STORE_CLOSED");
    super.write(entry);
  }
}

export class RestartingStore extends ToyStore {
  protected override replay(entry: Entry) {
    super.replay(entry);
    this.sequence = 0;
  }
}

export class RepinningStore extends ToyStore {
  override async prepare(model: StoredModel, options: Signalled = {}) {
    this.disk.model = { ...model };
    return super.prepare(model, options);
  }
}

export class AnyModelStore extends ToyStore {
  protected override requireSearchable() {
    return;
  }
}

export class StrictModelStore extends ToyStore {
  override async prepare(model: StoredModel, options: Signalled = {}) {
    const pinned = await super.prepare(model, options);
    this.searchable &&= pinned.pipeline === model.pipeline;
    return pinned;
  }
}

export class BorrowingStore extends ToyStore {
  protected override captured(operations: readonly StoreOperation[]) {
    super.captured(operations);
    return operations;
  }
}

export class SharingStore extends ToyStore {
  protected override given<T>(value: T): T {
    return value;
  }
}

export class UnorderedStore extends ToyStore {
  protected override sorted(ids: readonly string[]) {
    return [...ids].sort();
  }
}

export class ReverseTiesStore extends ToyStore {
  protected override order(a: ToyHit, b: ToyHit) {
    return a.distance - b.distance || b.number - a.number;
  }
}

export class RoundingStore extends ToyStore {
  protected override order(a: ToyHit, b: ToyHit) {
    const [x, y] = [Number(a.distance.toPrecision(5)), Number(b.distance.toPrecision(5))];
    return x - y || a.number - b.number;
  }
}

export class CoarseStore extends ToyStore {
  protected override near(probe: Float32Array, among: Parameters<ToyStore["near"]>[1]) {
    const coarse = probe.map((value) => Math.round(value * 16) / 16);
    return super.near(coarse, among);
  }
}

export class CuttingStore extends ToyStore {
  protected override pageOf(changes: Parameters<ToyStore["pageOf"]>[0], limit: number): ChangePage {
    const page = changes.slice(0, limit);
    return { changes: page, sequence: page.at(-1)?.sequence ?? this.sequence };
  }
}

export class SkippingStore extends ToyStore {
  protected override pageOf(changes: Parameters<ToyStore["pageOf"]>[0], limit: number): ChangePage {
    return { ...super.pageOf(changes, limit), sequence: this.sequence };
  }
}

export class ForgetfulStore extends ToyStore {
  protected override replay(entry: Entry) {
    super.replay(entry);
    this.changes = [];
  }
}

export class QuietStore extends ToyStore {
  protected override changesOf(entry: Entry) {
    const told = entry.operations.filter(
      ({ kind }) => kind !== "set-metadata" && kind !== "add-member" && kind !== "remove-member",
    );
    return super.changesOf({ ...entry, operations: told });
  }
}

export class UndeletedStore extends ToyStore {
  protected override changesOf(entry: Entry): Change[] {
    return super
      .changesOf(entry)
      .map((change) => ("subjectId" in change ? { ...change, kind: "subject-changed" } : change));
  }
}

export class NeverAheadStore extends ToyStore {
  override async changesSince(sequence: number, options: ChangesOptions) {
    return super.changesSince(Math.min(sequence, this.sequence), options);
  }
}

export class WithoutFilter extends ToyStore {
  override readonly supports = { ...super_().supports, filter: false };
  protected override matches() {
    return true;
  }
}

export class WithoutChanges extends ToyStore {
  override readonly supports = { ...super_().supports, changes: false };
  override async changesSince(): Promise<ChangePage> {
    return Promise.resolve({ changes: [], sequence: this.sequence });
  }
}

function super_(): ToyStore {
  return new ToyStore({ model: undefined, journal: [] });
}

export class MatchingStore extends ToyStore {
  protected override matches(metadata: Metadata | undefined, filter: MetadataFilter) {
    const text = (value: unknown) => JSON.stringify(value).replaceAll('"', "").toLowerCase();
    const fields = Object(metadata) as Record<string, unknown>;
    return Object.entries(filter).every(([field, values]) =>
      [values].flat().some((value) => text(value) === text(fields[field] ?? null)),
    );
  }
}

export class PathStore extends ToyStore {
  protected override matches(metadata: Metadata | undefined, filter: MetadataFilter) {
    return Object.entries(filter).every(([path, values]) => {
      let at: unknown = metadata;
      for (const part of path.split(".")) at = (Object(at) as Record<string, unknown>)[part];
      return [values].flat().some((value) => value === at);
    });
  }
}
