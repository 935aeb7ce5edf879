import type { SqlStatement } from "../internal/native.js";
import type { Effect } from "./plan.js";
import { insertFields } from "./sqlite-fields.js";
import { bytesOf } from "./sqlite-rows.js";

/** A subject that a plan was made on: it must still have `revision` when it is written. */
export interface SubjectGuard {
  readonly key: number;
  readonly revision: number;
  /** What it has afterwards. */
  readonly next: number;
}

/** What must still be true when a plan is written; otherwise the transaction starts again. */
export function guardSubjects(guards: readonly SubjectGuard[]): SqlStatement[] {
  return each(
    "UPDATE subject SET revision = ?3 WHERE key = ?1 AND revision = ?2",
    guards,
    ({ key }) => key,
    ({ revision }) => revision,
    ({ next }) => next,
  );
}

export function guardGalleries(keys: readonly number[]): SqlStatement[] {
  return each("UPDATE gallery SET id = id WHERE key = ?1", keys, (key) => key);
}

export function setSequence(sequence: number): SqlStatement {
  return { sql: "UPDATE store SET sequence = ?1", params: [sequence], expectChanges: 1 };
}

/** As Float64Array.from, which takes five times as long. NaN stands for NULL. */
function column<T>(items: readonly T[], read: (item: T) => number | undefined): Float64Array {
  const numbers = new Float64Array(items.length);
  for (const [i, item] of items.entries()) numbers[i] = read(item) ?? NaN;
  return numbers;
}

/** A statement that runs for each item with its numbers. */
function each<T>(
  sql: string,
  items: readonly T[],
  ...numbers: ((item: T) => number)[]
): SqlStatement[] {
  const [only] = items;
  if (only === undefined) return [];
  if (items.length === 1) {
    return [{ sql, params: numbers.map((read) => read(only)), expectChanges: 1 }];
  }
  return [{ sql, columns: numbers.map((read) => column(items, read)), expectChanges: 1 }];
}

/** The effect that may have this kind. */
type EffectOf<K extends Effect["kind"]> = Effect extends infer E
  ? E extends { readonly kind: infer Kinds }
    ? K extends Kinds
      ? E
      : never
    : never
  : never;

/**
 * Writes effects in an order with the same outcome: insertions that follow each other are put
 * together by table, parents first, and so are deletions of one kind.
 * @param sequence  Of the transaction: the revision of what it creates.
 */
export function writeEffects(effects: readonly Effect[], sequence: number): SqlStatement[] {
  const statements: SqlStatement[] = [];
  let batch = new Batch(sequence);
  for (const effect of effects) {
    if (!batch.takes(effect)) {
      statements.push(...batch.statements());
      batch = new Batch(sequence);
    }
    batch.add(effect);
  }
  statements.push(...batch.statements());
  return statements;
}

/** Effects that do not depend on each other's order, but for parents before children. */
class Batch {
  readonly #sequence: number;
  readonly #effects = new Map<Effect["kind"], Effect[]>();
  #first: Effect["kind"] | undefined;

  constructor(sequence: number) {
    this.#sequence = sequence;
  }

  takes({ kind }: Effect): boolean {
    const first = this.#first ?? kind;
    return kind === first || (isInsertion(kind) && isInsertion(first));
  }

  add(effect: Effect): void {
    this.#first ??= effect.kind;
    const list = this.#effects.get(effect.kind);
    if (list === undefined) this.#effects.set(effect.kind, [effect]);
    else list.push(effect);
  }

  statements(): SqlStatement[] {
    return [
      ...insertGalleries(this.#of("insert-gallery")),
      ...insertSubjects(this.#of("insert-subject"), this.#sequence),
      ...insertFaces(this.#of("insert-face")),
      ...insertMembers(this.#of("insert-member")),
      ...deleteMembers(this.#of("delete-member")),
      ...setMetadata(this.#of("set-metadata")),
      ...each("DELETE FROM face WHERE key = ?1", this.#of("delete-face"), ({ key }) => key),
      ...each("DELETE FROM subject WHERE key = ?1", this.#of("delete-subject"), ({ key }) => key),
      ...each("DELETE FROM gallery WHERE key = ?1", this.#of("delete-gallery"), ({ key }) => key),
    ];
  }

  #of<K extends Effect["kind"]>(kind: K): readonly EffectOf<K>[] {
    // add() files each effect under its own kind.
    return (this.#effects.get(kind) ?? []) as unknown as readonly EffectOf<K>[];
  }
}

function isInsertion(kind: Effect["kind"]): boolean {
  return kind.startsWith("insert-");
}

function insertGalleries(effects: readonly EffectOf<"insert-gallery">[]): SqlStatement[] {
  if (effects.length === 0) return [];
  const sql = "INSERT INTO gallery (key, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
  const keys = column(effects, ({ key }) => key);
  const ids = effects.map(({ galleryId }) => galleryId);
  return [{ sql, columns: [keys, ids], expectChanges: 1 }];
}

function insertSubjects(
  effects: readonly EffectOf<"insert-subject">[],
  sequence: number,
): SqlStatement[] {
  const [first] = effects;
  if (first === undefined) return [];
  const sql =
    "INSERT INTO subject (key, id, metadata, created_at_ms, revision) VALUES (?2, ?3, ?4, ?5, ?1) ON CONFLICT DO NOTHING";
  if (effects.length === 1) {
    const { key, subject } = first;
    const params = [sequence, key, subject.id, subject.metadata ?? null, subject.createdAtMs];
    return [{ sql, params, expectChanges: 1 }, ...insertFields([[key, subject.metadata]])];
  }
  const insert: SqlStatement = {
    sql,
    params: [sequence],
    columns: [
      column(effects, ({ key }) => key),
      effects.map(({ subject }) => subject.id),
      effects.map(({ subject }) => subject.metadata ?? null),
      column(effects, ({ subject }) => subject.createdAtMs),
    ],
    expectChanges: 1,
  };
  return [insert, ...insertFields(effects.map(({ key, subject }) => [key, subject.metadata]))];
}

function insertFaces(effects: readonly EffectOf<"insert-face">[]): SqlStatement[] {
  const [first] = effects;
  if (first === undefined) return [];
  const sql =
    "INSERT INTO face (key, id, subject_key, vector, x, y, width, height, score, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
  if (effects.length === 1) {
    // A column for one value costs more than the value: 10 arrays that are made and collected.
    const { key, subjectKey, face } = first;
    const { id, vector, box, score, createdAtMs } = face;
    const place = [box?.x ?? null, box?.y ?? null, box?.width ?? null, box?.height ?? null];
    const params = [key, id, subjectKey, bytesOf(vector), ...place, score ?? null, createdAtMs];
    return [{ sql, params, expectChanges: 1 }];
  }
  const dimension = first.face.vector.length;
  const vectors = new Float32Array(effects.length * dimension);
  for (const [i, { face }] of effects.entries()) vectors.set(face.vector, i * dimension);
  return [
    {
      sql,
      columns: [
        column(effects, ({ key }) => key),
        effects.map(({ face }) => face.id),
        column(effects, ({ subjectKey }) => subjectKey),
        { floats: vectors, each: dimension },
        column(effects, ({ face }) => face.box?.x),
        column(effects, ({ face }) => face.box?.y),
        column(effects, ({ face }) => face.box?.width),
        column(effects, ({ face }) => face.box?.height),
        column(effects, ({ face }) => face.score),
        column(effects, ({ face }) => face.createdAtMs),
      ],
      expectChanges: 1,
    },
  ];
}

function insertMembers(effects: readonly EffectOf<"insert-member">[]): SqlStatement[] {
  if (effects.length === 0) return [];
  return [
    {
      sql: "INSERT INTO membership (gallery_key, subject_id, subject_key) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
      columns: [
        column(effects, ({ galleryKey }) => galleryKey),
        effects.map(({ subjectId }) => subjectId),
        column(effects, ({ subjectKey }) => subjectKey),
      ],
    },
  ];
}

function deleteMembers(effects: readonly EffectOf<"insert-member">[]): SqlStatement[] {
  if (effects.length === 0) return [];
  return [
    {
      sql: "DELETE FROM membership WHERE gallery_key = ?1 AND subject_id = ?2",
      columns: [
        column(effects, ({ galleryKey }) => galleryKey),
        effects.map(({ subjectId }) => subjectId),
      ],
    },
  ];
}

function setMetadata(effects: readonly EffectOf<"set-metadata">[]): SqlStatement[] {
  if (effects.length === 0) return [];
  // The last one counts; a row of `field` can be there only once.
  const last = new Map(effects.map(({ key, metadata }) => [key, metadata]));
  const keys = Float64Array.from(last.keys());
  return [
    {
      sql: "UPDATE subject SET metadata = ?2 WHERE key = ?1",
      columns: [keys, Array.from(last.values(), (metadata) => metadata ?? null)],
      expectChanges: 1,
    },
    { sql: "DELETE FROM field WHERE subject_key = ?1", columns: [keys] },
    ...insertFields([...last]),
  ];
}
