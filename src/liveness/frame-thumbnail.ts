import type { RawImage } from "../image.js";

/** Cells of a thumbnail, each way. */
const CELLS = 32;
/** Pixels that stand for a cell, each way: more of them average the noise of single ones away. */
const SAMPLES = 4;

/**
 * A picture's brightness in 32 x 32 cells, row by row: 0..255, shape [1024]. It is made from the green
 * of 16 evenly spread pixels a cell, so that it takes 16,384 pixels of any picture.
 */
export function thumbnailOf({ data, width, height, channels }: RawImage): Float32Array {
  const thumbnail = new Float32Array(CELLS * CELLS);
  const points = CELLS * SAMPLES;
  const green = channels === 1 ? 0 : 1;
  for (let row = 0; row < points; row++) {
    const line = Math.floor(((row + 0.5) * height) / points) * width;
    const cells = Math.floor(row / SAMPLES) * CELLS;
    for (let column = 0; column < points; column++) {
      const x = Math.floor(((column + 0.5) * width) / points);
      const cell = cells + Math.floor(column / SAMPLES);
      const value = data[(line + x) * channels + green] ?? 0;
      thumbnail[cell] = (thumbnail[cell] ?? 0) + value / (SAMPLES * SAMPLES);
    }
  }
  return thumbnail;
}
