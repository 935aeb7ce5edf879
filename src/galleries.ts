import { CountenanceError } from "./errors.js";
import type { Operations } from "./internal/operations.js";
import { id } from "./internal/validate.js";
import { pages } from "./pages.js";
import { refusalError } from "./refusals.js";
import type { Store, StoreOperation } from "./stores/store.js";

/** The gallery that always exists and holds everybody. It is never stored. */
export const DEFAULT_GALLERY = "default";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Named sets of subjects. A subject may be in many; every subject is in `"default"`. */
export interface Galleries {
  /** @throws {CountenanceError} `GALLERY_EXISTS`. */
  create(galleryId: string, options?: CallOptions): Promise<void>;
  /**
   * Deletes the gallery, not its members.
   * @throws {CountenanceError} `GALLERY_NOT_FOUND`; `INVALID_ARGUMENT` for `"default"`.
   */
  delete(galleryId: string, options?: CallOptions): Promise<void>;
  /** Every gallery's id: `"default"` first, then in order. */
  list(options?: CallOptions): AsyncIterable<string>;
  /** Nothing happens for a member. @throws {CountenanceError} `GALLERY_NOT_FOUND`, `SUBJECT_NOT_FOUND`. */
  add(galleryId: string, subjectId: string, options?: CallOptions): Promise<void>;
  /**
   * Nothing happens for a subject that is no member.
   * @throws {CountenanceError} `GALLERY_NOT_FOUND`, `SUBJECT_NOT_FOUND`; `INVALID_ARGUMENT` for
   * `"default"`, which holds everybody.
   */
  remove(galleryId: string, subjectId: string, options?: CallOptions): Promise<void>;
  /** False for an unknown subject too. @throws {CountenanceError} `GALLERY_NOT_FOUND`. */
  has(galleryId: string, subjectId: string, options?: CallOptions): Promise<boolean>;
  /** The members' ids, in order. @throws {CountenanceError} `GALLERY_NOT_FOUND`. */
  members(galleryId: string, options?: CallOptions): AsyncIterable<string>;
  /** The galleries of a subject: `"default"` first, then in order. @throws {CountenanceError} `SUBJECT_NOT_FOUND`. */
  of(subjectId: string, options?: CallOptions): Promise<readonly string[]>;
}

export function createGalleries(store: Store, operations: Operations): Galleries {
  const change = (options: CallOptions, operation: StoreOperation): Promise<void> =>
    operations.call(options, async (signal) => {
      const result = await store.transaction([operation], { signal });
      if (!result.committed) throw refusalError(result.reason);
    });
  const mustExist = async (subjectId: string, signal: AbortSignal): Promise<readonly string[]> => {
    const subject = await store.getSubject(subjectId, { signal });
    if (subject === undefined) throw refusalError("subject-missing");
    return subject.galleries;
  };

  return {
    async create(galleryId, options = {}) {
      id("galleryId", galleryId);
      if (galleryId === DEFAULT_GALLERY) throw refusalError("gallery-exists");
      await change(options, { kind: "create-gallery", galleryId });
    },
    async delete(galleryId, options = {}) {
      id("galleryId", galleryId);
      refuseDefault(galleryId, "cannot be deleted");
      await change(options, { kind: "delete-gallery", galleryId });
    },
    async *list(options = {}) {
      await operations.call(options, async () => undefined); // a closed store has no galleries
      yield DEFAULT_GALLERY;
      yield* pages(
        (page) => operations.call(options, (signal) => store.listGalleries({ ...page, signal })),
        (galleryId) => galleryId,
      );
    },
    async add(galleryId, subjectId, options = {}) {
      id("galleryId", galleryId);
      id("subjectId", subjectId);
      if (galleryId === DEFAULT_GALLERY) {
        await operations.call(options, (signal) => mustExist(subjectId, signal));
        return;
      }
      await change(options, { kind: "add-member", galleryId, subjectId });
    },
    async remove(galleryId, subjectId, options = {}) {
      id("galleryId", galleryId);
      id("subjectId", subjectId);
      refuseDefault(galleryId, "holds everybody; delete the subject instead");
      await change(options, { kind: "remove-member", galleryId, subjectId });
    },
    async has(galleryId, subjectId, options = {}) {
      id("galleryId", galleryId);
      id("subjectId", subjectId);
      return operations.call(options, async (signal) => {
        if (galleryId === DEFAULT_GALLERY) {
          return (await store.getSubject(subjectId, { signal })) !== undefined;
        }
        const member = await store.isMember(galleryId, subjectId, { signal });
        if (member !== undefined) return member;
        if (!(await store.hasGallery(galleryId, { signal }))) throw refusalError("gallery-missing");
        return false;
      });
    },
    async *members(galleryId, options = {}) {
      id("galleryId", galleryId);
      const gallery = galleryId === DEFAULT_GALLERY ? {} : { gallery: galleryId };
      yield* pages(
        (page) =>
          operations.call(options, async (signal) => {
            const found = await store.listSubjects({ ...page, ...gallery, signal });
            if (found === undefined) throw refusalError("gallery-missing");
            return found.map((subject) => subject.id);
          }),
        (subjectId) => subjectId,
      );
    },
    async of(subjectId, options = {}) {
      id("subjectId", subjectId);
      return operations.call(options, async (signal) => [
        DEFAULT_GALLERY,
        ...(await mustExist(subjectId, signal)),
      ]);
    },
  };
}

function refuseDefault(galleryId: string, why: string): void {
  if (galleryId !== DEFAULT_GALLERY) return;
  throw new CountenanceError("COUNTENANCE_INVALID_ARGUMENT", `galleryId: "default" ${why}`);
}
