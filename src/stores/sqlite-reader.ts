import type { NativeDatabase, SqlRow, SqlStatement } from "../internal/native.js";
import { settle } from "../internal/task.js";
import type { CapturedOperation } from "./captured.js";
import type { KnownSubject, Plan, StoreView } from "./plan.js";
import { numberOf, textOf } from "./sqlite-rows.js";
import { forList } from "./sqlite-lists.js";
import { guardGalleries, guardSubjects } from "./sqlite-statements.js";

/** Reads of one database, each in a snapshot of its own. */
export class SqliteReader {
  readonly #database: NativeDatabase;

  constructor(database: NativeDatabase) {
    this.#database = database;
  }

  /** Rows per statement. */
  read(
    statements: readonly SqlStatement[],
    signal: AbortSignal | undefined,
  ): Promise<readonly (readonly SqlRow[])[]> {
    return settle(() => this.#database.read(statements), signal);
  }

  /** The rows of each group of statements together. */
  async readGroups<const G extends readonly (readonly SqlStatement[])[]>(
    groups: G,
    signal: AbortSignal | undefined,
  ): Promise<{ [K in keyof G]: readonly SqlRow[] }> {
    const statements = groups.flat();
    const results = statements.length === 0 ? [] : await this.read(statements, signal);
    let start = 0;
    const rows = groups.map((group) => results.slice(start, (start += group.length)).flat());
    return rows as { [K in keyof G]: readonly SqlRow[] }; // map keeps the length
  }
}

/** What operations name, in one snapshot. */
export interface Snapshot {
  readonly view: StoreView;
  /** The conditions that it still holds when `plan` is written as transaction `sequence`. */
  guards(plan: Plan & { readonly ok: true }, sequence: number): readonly SqlStatement[];
}

/** The ids that some operations name, and what must be known of them. */
interface Named {
  readonly subjects: readonly string[];
  readonly galleries: readonly string[];
  /** The subjects that may lose a face, but not all of them. */
  readonly losing: readonly string[];
}

/** @param assumeNew  Leaves out subjects that the batch creates before it does anything else. */
function namedBy(operations: readonly CapturedOperation[], assumeNew: boolean): Named {
  const subjects = new Map<string, boolean>();
  const galleries = new Set<string>();
  const losing = new Set<string>();
  for (const operation of operations) {
    if ("galleryId" in operation) galleries.add(operation.galleryId);
    if (operation.kind === "remove-face") losing.add(operation.subjectId);
    const id =
      operation.kind === "create-subject"
        ? operation.subject.id
        : operation.kind === "add-face"
          ? operation.face.subjectId
          : "subjectId" in operation
            ? operation.subjectId
            : undefined;
    if (id === undefined || subjects.has(id)) continue;
    subjects.set(id, !(assumeNew && operation.kind === "create-subject"));
  }
  const asked = Array.from(subjects).filter(([, known]) => known);
  return {
    subjects: asked.map(([id]) => id),
    galleries: [...galleries],
    losing: [...losing].filter((id) => subjects.get(id)),
  };
}

/**
 * @param assumeNew  Takes it for granted that the subjects that the batch creates are not there: a
 *   plan on that is refused when it is written, if it is not so.
 */
export async function lookUp(
  reader: SqliteReader,
  operations: readonly CapturedOperation[],
  assumeNew: boolean,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  const ids = namedBy(operations, assumeNew);
  const queries = [
    forList(ids.subjects, (list) => `SELECT id, key, revision FROM subject WHERE id IN (${list})`),
    forList(
      ids.losing,
      (list) =>
        `SELECT subject_key, id, key FROM face WHERE subject_key IN (SELECT key FROM subject WHERE id IN (${list})) ORDER BY key`,
    ),
    forList(ids.galleries, (list) => `SELECT id, key FROM gallery WHERE id IN (${list})`),
  ] as const;
  const [subjectRows, faceRows, galleryRows] = await reader.readGroups(queries, signal);
  const faces = new Map<number, Map<string, number>>();
  const subjects = new Map<string, KnownSubject>();
  for (const row of subjectRows) {
    const key = numberOf(row, "key");
    const own = new Map<string, number>();
    faces.set(key, own);
    subjects.set(textOf(row, "id"), { key, revision: numberOf(row, "revision"), faces: own });
  }
  for (const row of faceRows) {
    faces.get(numberOf(row, "subject_key"))?.set(textOf(row, "id"), numberOf(row, "key"));
  }
  const galleries = new Map<string, number>();
  for (const row of galleryRows) galleries.set(textOf(row, "id"), numberOf(row, "key"));
  return {
    view: { subject: (id) => subjects.get(id), gallery: (id) => galleries.get(id) },
    guards: ({ facesChanged }, sequence) => [
      ...guardSubjects(
        Array.from(subjects.values(), ({ key, revision }) => ({
          key,
          revision,
          next: facesChanged.has(key) ? sequence : revision,
        })),
      ),
      ...guardGalleries([...galleries.values()]),
    ],
  };
}
