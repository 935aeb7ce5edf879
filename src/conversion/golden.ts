/**
 * What an independent implementation computed for a made-up picture: test/golden/<model>.json, made by
 * scripts/make-goldens.mjs. A converted network has to give the same, or its converter or one of our
 * kernels is wrong.
 */
export interface Golden {
  /** Who computed it. */
  readonly reference: string;
  /** sha256 of the source that was computed with. */
  readonly source: string;
  readonly input: GoldenInput;
  readonly outputs: readonly GoldenOutput[];
}

export interface GoldenInput {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Lowest and highest value. */
  readonly low: number;
  readonly high: number;
  /** For networks that take bytes. */
  readonly whole?: boolean;
}

export interface GoldenOutput {
  readonly name: string;
  /** How many numbers the output has. */
  readonly length: number;
  /** Largest difference that is rounding. */
  readonly tolerance: number;
  /** Of all numbers: sum and sum of absolute values, divided by the length. */
  readonly mean: number;
  readonly meanSize: number;
  /** Every `step`-th number, from the first on. */
  readonly step: number;
  readonly samples: readonly number[];
}

/**
 * A picture out of whole numbers only, so that it is the same everywhere: slanted waves, which the
 * layers of wide view see, and noise, which the others see. Row-major [height][width][channels].
 */
export function goldenPicture(input: GoldenInput): Float32Array {
  const { height, width, channels, low, high, whole } = input;
  const values = new Float32Array(height * width * channels);
  for (let i = 0; i < values.length; ++i) {
    const channel = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width);
    const phase = (3 * x + (5 + channel) * y + 40 * channel) % 128;
    const wave = phase < 64 ? phase : 127 - phase; // 0..63
    const noise = (Math.imul(i + 1, 0x9e3779b1) >>> 16) % 64; // Knuth's multiplicative hash
    const value = low + ((high - low) * (3 * wave + noise)) / 252;
    values[i] = whole ? Math.round(value) : value;
  }
  return values;
}

/** What rounding may change in a number near 0, such as a probability out of a sigmoid. */
const LEAST_TOLERANCE = 1e-6;

/** Summary of an output, to be kept. `tolerance` is a part of the largest number. */
export function goldenOutput(
  name: string,
  values: ArrayLike<number>,
  tolerance: number,
): GoldenOutput {
  const all = Array.from(values);
  const step = Math.max(1, Math.floor(all.length / 200));
  const samples = all.filter((_, i) => i % step === 0).map(short);
  const largest = all.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return {
    name,
    length: all.length,
    tolerance: short(Math.max(tolerance * largest, LEAST_TOLERANCE)),
    ...means(all),
    step,
    samples,
  };
}

/** What differs from the golden file, in one line; `undefined` when nothing does. */
export function goldenDifference(
  golden: Golden,
  outputs: ReadonlyMap<string, ArrayLike<number>>,
): string | undefined {
  for (const { name, length, tolerance, mean, meanSize, step, samples } of golden.outputs) {
    const values = Array.from(outputs.get(name) ?? []);
    if (values.length !== length) {
      return `${name}: expected ${String(length)} numbers, got ${String(values.length)}`;
    }
    const got = means(values);
    const pairs = [
      [mean, got.mean, "the mean"],
      [meanSize, got.meanSize, "the mean size"],
      ...samples.map(
        (sample, i) => [sample, values[i * step], `number ${String(i * step)}`] as const,
      ),
    ] as const;
    for (const [expected, value, what] of pairs) {
      // Written so that NaN differs.
      if (!(Math.abs(expected - (value ?? NaN)) <= tolerance)) {
        return `${name}: ${what}: expected ${String(expected)} +- ${String(tolerance)}, got ${String(value)}`;
      }
    }
  }
  return undefined;
}

function means(values: readonly number[]) {
  const sum = values.reduce((total, value) => total + value, 0);
  const sizes = values.reduce((total, value) => total + Math.abs(value), 0);
  return { mean: short(sum / values.length), meanSize: short(sizes / values.length) };
}

function short(value: number): number {
  return Number(value.toPrecision(8));
}
