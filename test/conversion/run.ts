import { native } from "../../src/internal/native.js";
import type { ConvertedNetwork } from "../../src/conversion/layer.js";

/** What the inference core makes of one input, by the output's name. */
export function run(
  { bytes }: ConvertedNetwork,
  input: readonly number[],
): Record<string, readonly number[]> {
  const outputs = native().runModel("network", bytes, Float32Array.from(input));
  return Object.fromEntries(
    Object.entries(outputs).map(([name, values]) => [name, Array.from(values)]),
  );
}
