import { expect, test } from "vitest";

import { decades, logLogPlot, tickLabel } from "../../bench/plot.js";

test("decades enclose all values", () => {
  expect(decades([0.2, 5])).toEqual([0.1, 1, 10]);
  expect(decades([1000, 10_000_000])).toEqual([1e3, 1e4, 1e5, 1e6, 1e7]);
  expect(decades([100])).toEqual([100, 1000]);
});

test("what has no logarithm has no place on the axes", () => {
  for (const values of [[], [0], [-1, 5], [NaN], [Infinity]]) {
    expect(() => decades(values)).toThrow(RangeError);
  }
});

test("ticks are told in thousands and millions", () => {
  expect([0.01, 1, 1000, 10_000, 1e6, 1e7].map(tickLabel)).toEqual([
    "0.01",
    "1",
    "1k",
    "10k",
    "1M",
    "10M",
  ]);
});

test("a plot has a line through every point of each series, higher values higher", () => {
  const svg = logLogPlot({
    title: "time < memory",
    xLabel: "faces",
    yLabel: "ms",
    series: [
      { name: "ours", points: [[1, 1], [10, 10], [100, 100]] }, // prettier-ignore
      { name: "theirs", points: [[1, 10], [100, 1000]] }, // prettier-ignore
    ],
  });
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points = ""]) =>
    points.split(" ").map((point) => point.split(",").map(Number)),
  );
  expect(lines.map((points) => points.length)).toEqual([3, 2]);
  const [first = [], second = []] = lines;
  // Equal steps of the logarithm are equal steps on the paper, to a tenth of a pixel.
  const [a = [], b = [], c = []] = first;
  expect((b[0] ?? 0) - (a[0] ?? 0)).toBeCloseTo((c[0] ?? 0) - (b[0] ?? 0), 0);
  expect((a[1] ?? 0) - (b[1] ?? 0)).toBeCloseTo((b[1] ?? 0) - (c[1] ?? 0), 0);
  expect(b[1]).toBe(second[0]?.[1]);
  expect(svg).toContain("time &lt; memory");
});
