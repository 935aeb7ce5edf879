import { type Engine, Template } from "../src/index.js";

/** Mated dlib vectors are mostly within 0.6 of each other: 0.03 * sqrt(2 * 128) is 0.48. */
const SPREAD = 0.03;
/** dlib's vectors have a length of 1.33 to 1.63. */
const LENGTH = 1.45;

/**
 * Templates like those of real people: `perCluster` of them lie close together. The same seed gives
 * the same templates.
 */
export function* clusteredTemplates(
  engine: Pick<Engine, "modelId" | "pipeline" | "dimension">,
  count: number,
  perCluster: number,
  seed: number,
): Generator<Template> {
  const { modelId, pipeline, dimension } = engine;
  const normal = normalNumbers(seed);
  let centre = new Float32Array(dimension);
  for (let i = 0; i < count; i++) {
    if (i % perCluster === 0) {
      const direction = Float32Array.from(centre, normal);
      const scale = LENGTH / Math.hypot(...direction);
      centre = direction.map((x) => x * scale);
    }
    const vector = centre.map((x) => x + SPREAD * normal());
    yield new Template({ modelId, pipeline, vector });
  }
}

/** Standard normal numbers by Box and Muller, from a 32-bit linear congruential generator. */
function normalNumbers(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    // Multiplier and increment: Knuth and Lewis, as in "Numerical Recipes", ranqd1.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
