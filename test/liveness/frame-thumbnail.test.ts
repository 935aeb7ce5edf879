import { expect, test } from "vitest";

import { thumbnailOf } from "../../src/liveness/frame-thumbnail.js";

test("each of the 32 x 32 cells is the brightness of its part of the picture", () => {
  const [width, height] = [320, 640];
  const data = Uint8Array.from(
    { length: width * height },
    (_, i) => Math.floor((i % width) / 10) * 2 + Math.floor(i / width / 20) * 4,
  );
  const thumbnail = thumbnailOf({ data, width, height, channels: 1 });
  expect(thumbnail).toHaveLength(1024);
  expect([thumbnail[0], thumbnail[31], thumbnail[32], thumbnail[1023]]).toEqual([0, 62, 4, 186]);
});

test("of a colour picture it is the green, whatever else there is", () => {
  const pixels = (...pixel: number[]) =>
    Uint8Array.from({ length: 40 * 40 * pixel.length }, (_, i) => pixel[i % pixel.length] ?? 0);
  const picture = { width: 40, height: 40 };
  expect(thumbnailOf({ ...picture, data: pixels(1, 90, 3), channels: 3 })[500]).toBeCloseTo(90);
  expect(thumbnailOf({ ...picture, data: pixels(1, 80, 3, 4), channels: 4 })[500]).toBeCloseTo(80);
});

test("a picture of fewer pixels than cells has a thumbnail too", () => {
  const thumbnail = thumbnailOf({ data: Uint8Array.of(10, 200), width: 2, height: 1, channels: 1 });
  expect([thumbnail[0], thumbnail[31], thumbnail[1023]]).toEqual([10, 200, 200]);
});
