import {
  type Calibration,
  distanceAt,
  fmrAt,
  fmrOfComparison,
  fmrOfDecision,
} from "./calibration.js";
import { type Candidate, decide, type Decision } from "./decision.js";
import type { Engine } from "./engine.js";
import { CountenanceError } from "./errors.js";
import type { Face } from "./face.js";
import { DEFAULT_GALLERY } from "./galleries.js";
import { inScope } from "./internal/operations.js";
import { id, integerIn, invalidArgument, numberIn } from "./internal/validate.js";
import { largestFaceOf, type Probe } from "./probe.js";
import { refusalError } from "./refusals.js";
import { filterOfTerms, filterTermsOf } from "./stores/metadata-filter.js";
import type { MetadataFilter, Store, SubjectRecord } from "./stores/store.js";
import { euclidean, type Template } from "./template.js";

/**
 * The distance up to which two faces match, unless a call says otherwise: a false match rate of
 * about 1e-3 per comparison on LFW (0.6, dlib's own suggestion, is about 1.1e-2).
 */
export const DEFAULT_MAX_DISTANCE = 0.53;

export interface VerifyOptions {
  /**
   * The false match rate that the decision may have, 1e-9..0.5. Not together with `maxDistance`.
   * Rates below what the calibration's data reach are extrapolated.
   */
  readonly fmr?: number | undefined;
  /** The Euclidean distance up to which faces match, 0..2. Default 0.53. */
  readonly maxDistance?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Verification {
  readonly decision: Decision;
  /** Euclidean, to the subject's nearest face. */
  readonly distance: number;
  /**
   * The estimated false match rate of a decision at this distance, over all `comparisons`. It is
   * never below the rarest rate that the calibration's data can tell.
   */
  readonly fmr: number;
  /** The distance up to which the decision is a match. */
  readonly threshold: number;
  /** How many faces the probe was compared with. */
  readonly comparisons: number;
  /** The probe's face; undefined when the probe was a template. */
  readonly face: Face | undefined;
}

export interface SearchOptions {
  /** Only members of this gallery. Default: everybody. */
  readonly gallery?: string | undefined;
  /** How many candidates to return at most, 1..1000. Default 1. */
  readonly limit?: number | undefined;
  /** Only these subjects, at most 10,000 ids; unknown ids are passed over. */
  readonly candidates?: readonly string[] | undefined;
  /**
   * Only subjects whose metadata is an object with each of these top-level fields, and in it this
   * value or one of these: `{ city: ["Paris", "Rome"], active: true }`. At most 16 fields and 1,000
   * values in all. A field that holds an array or an object equals nothing; `{}` restricts nothing.
   */
  readonly filter?: MetadataFilter | undefined;
  /** The Euclidean distance up to which faces match, 0..2. Default 0.53. */
  readonly maxDistance?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SearchResult {
  readonly decision: Decision;
  /** The nearest subjects, nearest first, whether they match or not. */
  readonly candidates: readonly Candidate[];
  readonly threshold: number;
  /** How many faces the probe was compared with, after the restrictions. */
  readonly comparisons: number;
  /** The probe's face; undefined when the probe was a template. */
  readonly face: Face | undefined;
}

export interface Comparison {
  readonly decision: { readonly kind: "match" } | { readonly kind: "no-match" };
  readonly distance: number;
  /** The estimated false match rate at this distance. */
  readonly fmr: number;
  readonly threshold: number;
  /** The two faces; undefined for a template. */
  readonly faces: readonly [Face | undefined, Face | undefined];
}

/** The threshold for a number of comparisons. */
export type Threshold = (calibration: Calibration, comparisons: number) => number;

/** @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function thresholdOf(given: { fmr?: unknown; maxDistance?: unknown }): Threshold {
  if (given.fmr !== undefined && given.maxDistance !== undefined) {
    throw new CountenanceError(
      "COUNTENANCE_INVALID_ARGUMENT",
      "fmr, maxDistance: expected one of them, got both",
    );
  }
  if (given.fmr !== undefined) {
    // 1e-9: rarer than any data of ours can back; 0.5: a coin does as well.
    const fmr = numberIn("fmr", given.fmr, 1e-9, 0.5);
    return (calibration, comparisons) => distanceAt(calibration, fmrOfComparison(fmr, comparisons));
  }
  const distance =
    given.maxDistance === undefined
      ? DEFAULT_MAX_DISTANCE
      : numberIn("maxDistance", given.maxDistance, 0, 2);
  return () => distance;
}

/** @throws {CountenanceError} `SUBJECT_NOT_FOUND`, `NO_FACE`, `MODEL_MISMATCH`, engine's. */
export function verifySubject(
  engine: Engine,
  store: Store,
  { subjectId, probe, threshold }: { subjectId: string; probe: Probe; threshold: Threshold },
  outer: AbortSignal,
): Promise<Verification> {
  return inScope(outer, async (signal) => {
    // Before the first await: the caller's bytes are copied before the call returns.
    const analysing = largestFaceOf(engine, probe, signal);
    analysing.catch(() => undefined); // awaited below, unless there is no such subject
    const subject = await store.getSubject(subjectId, { signal });
    if (subject === undefined) throw refusalError("subject-missing");
    const { template, face } = await analysing;
    return { ...claim(engine.calibration, template, subject, threshold), face };
  });
}

/**
 * Compares a template with a subject's faces.
 * @throws {CountenanceError} `SUBJECT_NOT_FOUND` for a subject without faces.
 */
export function claim(
  calibration: Calibration,
  template: Template,
  { id: subjectId, faces }: SubjectRecord,
  threshold: Threshold,
): Omit<Verification, "face"> {
  const known = faces.map(({ id: faceId, vector }) => ({ subjectId, faceId, vector }));
  const candidates = ranked(calibration, template.vector, known);
  const [nearest] = candidates;
  if (nearest === undefined) throw refusalError("subject-missing");
  const comparisons = candidates.length;
  const limit = threshold(calibration, comparisons);
  return {
    decision: decide(candidates, limit),
    distance: nearest.distance,
    fmr: fmrOfDecision(nearest.fmr, comparisons),
    threshold: limit,
    comparisons,
  };
}

/** What to search among, and how many to give. */
export interface SearchScope {
  readonly k: number;
  readonly gallery?: string;
  readonly candidates?: readonly string[];
  readonly filter?: MetadataFilter;
}

/** @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function searchScopeOf(given: {
  limit?: unknown;
  gallery?: unknown;
  candidates?: unknown;
  filter?: unknown;
}): SearchScope {
  const k = given.limit === undefined ? 1 : integerIn("limit", given.limit, 1, 1000);
  const gallery = given.gallery === undefined ? DEFAULT_GALLERY : id("gallery", given.gallery);
  const terms = filterTermsOf(given.filter);
  return {
    k,
    ...(gallery === DEFAULT_GALLERY ? {} : { gallery }),
    ...(given.candidates === undefined
      ? {}
      : { candidates: idList("candidates", given.candidates, 10_000) }),
    ...(terms === undefined ? {} : { filter: filterOfTerms(terms) }),
  };
}

/**
 * @throws {CountenanceError} `GALLERY_NOT_FOUND`, `NO_FACE`, `MODEL_MISMATCH`, engine's,
 * `UNSUPPORTED` for a filter when the store has none.
 */
export function searchStore(
  engine: Engine,
  store: Store,
  { probe, scope, threshold }: { probe: Probe; scope: SearchScope; threshold: Threshold },
  outer: AbortSignal,
): Promise<SearchResult> {
  return inScope(outer, async (signal) => {
    if (scope.filter !== undefined && !store.supports.filter) {
      throw new CountenanceError(
        "COUNTENANCE_UNSUPPORTED",
        "filter: expected a store that filters, and this one does not",
      );
    }
    // Before the first await: the caller's bytes are copied before the call returns.
    const analysing = largestFaceOf(engine, probe, signal);
    analysing.catch(() => undefined); // awaited below, unless there is no such gallery
    const { gallery } = scope;
    if (gallery !== undefined && !(await store.hasGallery(gallery, { signal }))) {
      throw refusalError("gallery-missing");
    }
    const { template, face } = await analysing;
    const found = await store.search(template.vector, { ...scope, signal });
    if (found === undefined) throw refusalError("gallery-missing");
    const candidates = ranked(engine.calibration, template.vector, found.hits);
    const limit = threshold(engine.calibration, 1);
    return {
      decision: decide(candidates, limit),
      candidates,
      threshold: limit,
      comparisons: found.compared,
      face,
    };
  });
}

/** @throws {CountenanceError} `NO_FACE`, `MODEL_MISMATCH`, engine's. */
export function compareProbes(
  engine: Engine,
  { probes, threshold }: { probes: readonly [Probe, Probe]; threshold: Threshold },
  outer: AbortSignal,
): Promise<Comparison> {
  return inScope(outer, async (signal) => {
    const [a, b] = await Promise.all([
      largestFaceOf(engine, probes[0], signal),
      largestFaceOf(engine, probes[1], signal),
    ]);
    const distance = engine.compare(a.template, b.template);
    const limit = threshold(engine.calibration, 1);
    return {
      decision: { kind: distance <= limit ? "match" : "no-match" },
      distance,
      fmr: fmrAt(engine.calibration, distance),
      threshold: limit,
      faces: [a.face, b.face],
    };
  });
}

/** An array of ids. @throws {CountenanceError} `INVALID_ARGUMENT`. */
export function idList(name: string, value: unknown, max: number): readonly string[] {
  if (!Array.isArray(value)) throw invalidArgument(name, "an array of ids", value);
  integerIn(`${name}.length`, value.length, 0, max);
  return Array.from(value, (item: unknown) => id(name, item));
}

/** Nearest first; ties go by id, so that every store gives the same answer. */
function ranked(
  calibration: Calibration,
  probe: Float32Array,
  known: readonly { subjectId: string; faceId: string; vector: Float32Array }[],
): readonly Candidate[] {
  return known
    .map(({ subjectId, faceId, vector }) => {
      const distance = euclidean(probe, vector);
      return { subjectId, faceId, distance, fmr: fmrAt(calibration, distance) };
    })
    .sort((a, b) => a.distance - b.distance || (a.faceId < b.faceId ? -1 : 1));
}
