/** What made a vector. A pipeline is named `<alignment>/<precision>`: `dlib-chip-150-0.25/f32`. */
export interface Origin {
  /** The network and the hash of its weights. */
  readonly modelId: string;
  readonly pipeline: string;
}

/** Vectors of one face chip in these differ by at most 0.01 (L2; tested), less than two photos do. */
const INTERCHANGEABLE_PRECISIONS: readonly string[] = ["f32", "bf16"];

/**
 * Whether distances between vectors of two origins mean what they mean within either of them. The
 * only place that decides it, so that a store made on a CPU with bf16 opens on one without.
 */
export function comparable(a: Origin, b: Origin): boolean {
  return a.modelId === b.modelId && canonical(a.pipeline) === canonical(b.pipeline);
}

/** The same name for all pipelines that are interchangeable. */
function canonical(pipeline: string): string {
  const slash = pipeline.lastIndexOf("/");
  const precision = pipeline.slice(slash + 1);
  return slash > 0 && INTERCHANGEABLE_PRECISIONS.includes(precision)
    ? `${pipeline.slice(0, slash)}/${INTERCHANGEABLE_PRECISIONS.join("|")}`
    : pipeline;
}
