import type { Engine } from "./engine.js";
import type { Box } from "./face.js";
import { type CallOptions, DEFAULT_GALLERY } from "./galleries.js";
import {
  type CheckVideo,
  type GivenVideoOptions,
  intakeOf,
  refuseVideoOptions,
  type VideoProbe,
} from "./intake.js";
import type { Operations } from "./internal/operations.js";
import { id, optionalSignal, plainOptions } from "./internal/validate.js";
import type { VideoCheckOptions } from "./liveness/blink-check.js";
import { pages } from "./pages.js";
import type { Probe } from "./probe.js";
import { addFaces, type Registration } from "./registration.js";
import { metadataCopy } from "./metadata.js";
import { refusalError } from "./refusals.js";
import type { Metadata, Store, SubjectRecord } from "./stores/store.js";

/** What is kept of one face of a subject. */
export interface SubjectFace {
  readonly faceId: string;
  /** Where the face was in its picture; undefined when it came as a template. */
  readonly box: Box | undefined;
  readonly createdAt: Date;
}

export interface SubjectInfo {
  readonly subjectId: string;
  readonly metadata: Metadata | undefined;
  readonly createdAt: Date;
}

export interface Subject extends SubjectInfo {
  /** In the order in which they were added. */
  readonly faces: readonly SubjectFace[];
  /** `"default"` first, then in order. */
  readonly galleries: readonly string[];
}

/** `maxDurationMs` and `strict` go with a video only. */
export interface AddFacesOptions extends CallOptions, VideoCheckOptions {}

/** The people of a store. */
export interface Subjects {
  /** `undefined` for an unknown id. */
  get(subjectId: string, options?: CallOptions): Promise<Subject | undefined>;
  /** Everybody, or one gallery's members, in order of their ids. @throws {CountenanceError} `GALLERY_NOT_FOUND`. */
  list(
    options?: CallOptions & { readonly gallery?: string | undefined },
  ): AsyncIterable<SubjectInfo>;
  /** Deletes the subject with its faces and memberships; false when there was none. */
  delete(subjectId: string, options?: CallOptions): Promise<boolean>;
  /**
   * Adds faces, all or nothing: of pictures, or of one video as `register` takes it.
   * @throws {CountenanceError} `SUBJECT_NOT_FOUND`, `NO_FACE`, `MULTIPLE_FACES`, `FACE_MISMATCH`,
   * what `engine.analyze` throws, and `register` for videos.
   */
  addFaces(
    subjectId: string,
    images: Probe | readonly Probe[] | VideoProbe,
    options?: AddFacesOptions,
  ): Promise<Registration>;
  /**
   * Removes one face; false when the subject has no such face.
   * @throws {CountenanceError} `SUBJECT_NOT_FOUND`; `INVALID_ARGUMENT` for a subject's last face:
   * delete the subject instead.
   */
  removeFace(subjectId: string, faceId: string, options?: CallOptions): Promise<boolean>;
  /**
   * Replaces what the host keeps with a subject; `undefined` removes it.
   * @throws {CountenanceError} `SUBJECT_NOT_FOUND`.
   */
  setMetadata(
    subjectId: string,
    metadata: Metadata | undefined,
    options?: CallOptions,
  ): Promise<void>;
}

export function createSubjects(
  engine: Engine,
  store: Store,
  operations: Operations,
  videoCheck: (given: GivenVideoOptions) => CheckVideo,
): Subjects {
  return {
    async get(subjectId, options = {}) {
      id("subjectId", subjectId);
      return operations.call(options, async (signal) => {
        const record = await store.getSubject(subjectId, { signal });
        return record && toSubject(record);
      });
    },
    async *list(options = {}) {
      const given = plainOptions("options", options, ["signal", "gallery"]);
      const gallery = given.gallery === undefined ? undefined : id("gallery", given.gallery);
      const outer = optionalSignal("signal", given.signal);
      const restriction = gallery === undefined || gallery === DEFAULT_GALLERY ? {} : { gallery };
      const rows = pages(
        (page) =>
          operations.run(outer, async (signal) => {
            const found = await store.listSubjects({ ...page, ...restriction, signal });
            if (found === undefined) throw refusalError("gallery-missing");
            return found;
          }),
        (subject) => subject.id,
      );
      for await (const { id, metadata, createdAtMs } of rows) {
        yield { subjectId: id, metadata, createdAt: new Date(createdAtMs) };
      }
    },
    async delete(subjectId, options = {}) {
      id("subjectId", subjectId);
      return operations.call(options, async (signal) => {
        const operation = { kind: "delete-subject", subjectId } as const;
        return (await store.transaction([operation], { signal })).committed;
      });
    },
    async addFaces(subjectId, images, options = {}) {
      id("subjectId", subjectId);
      const given = plainOptions("options", options, ["maxDurationMs", "strict", "signal"]);
      refuseVideoOptions(images, given);
      const read = intakeOf(engine, images, videoCheck(given));
      return operations.run(optionalSignal("signal", given.signal), (signal) =>
        addFaces(store, { subjectId, read }, signal),
      );
    },
    async removeFace(subjectId, faceId, options = {}) {
      id("subjectId", subjectId);
      id("faceId", faceId);
      return operations.call(options, async (signal) => {
        const operation = { kind: "remove-face", subjectId, faceId } as const;
        const result = await store.transaction([operation], { signal });
        if (result.committed) return true;
        if (result.reason === "last-face") throw refusalError(result.reason);
        if ((await store.getSubject(subjectId, { signal })) === undefined)
          throw refusalError("subject-missing");
        return false;
      });
    },
    async setMetadata(subjectId, metadata, options = {}) {
      id("subjectId", subjectId);
      const copy = metadataCopy(metadata);
      await operations.call(options, async (signal) => {
        const operation = { kind: "set-metadata", subjectId, metadata: copy } as const;
        const result = await store.transaction([operation], { signal });
        if (!result.committed) throw refusalError("subject-missing");
      });
    },
  };
}

function toSubject(record: SubjectRecord): Subject {
  return {
    subjectId: record.id,
    metadata: record.metadata,
    createdAt: new Date(record.createdAtMs),
    faces: record.faces.map((face) => ({
      faceId: face.id,
      box: face.box,
      createdAt: new Date(face.createdAtMs),
    })),
    galleries: [DEFAULT_GALLERY, ...record.galleries],
  };
}
