/** A subject that a probe was compared with, and how close it came. */
export interface Candidate {
  readonly subjectId: string;
  /** The subject's face that is nearest to the probe. */
  readonly faceId: string;
  /** Euclidean, lower is closer; not a probability. */
  readonly distance: number;
  /** The estimated false match rate of one comparison at this distance. */
  readonly fmr: number;
}

export type Decision =
  | { readonly kind: "match"; readonly candidate: Candidate }
  | { readonly kind: "no-match"; readonly best: Candidate | undefined };

/**
 * Decides by the nearest candidate: a distance equal to the threshold is a match.
 * @param candidates  Nearest first.
 */
export function decide(candidates: readonly Candidate[], threshold: number): Decision {
  const [best] = candidates;
  return best !== undefined && best.distance <= threshold
    ? { kind: "match", candidate: best }
    : { kind: "no-match", best };
}
