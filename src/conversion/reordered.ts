/** Values of three axes in another order: axis i of the result is axis `order[i]` of `sides`. */
export function reordered(
  values: Float32Array,
  sides: readonly [number, number, number],
  order: readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2],
): Float32Array {
  const steps = [sides[1] * sides[2], sides[2], 1] as const;
  const [first, second, third] = order;
  const out = new Float32Array(values.length);
  let at = 0;
  for (let i = 0; i < sides[first]; ++i) {
    for (let j = 0; j < sides[second]; ++j) {
      for (let k = 0; k < sides[third]; ++k) {
        out[at++] = values[i * steps[first] + j * steps[second] + k * steps[third]] ?? 0;
      }
    }
  }
  return out;
}
