/** A line of a plot: points in the order of x, all numbers above 0. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 440;
const MARGIN = { left: 80, right: 190, top: 44, bottom: 56 };
/** Okabe and Ito's colours, which the colour-blind can tell apart. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/** The powers of ten from just below the least to just above the greatest value. */
export function decades(values: readonly number[]): readonly number[] {
  if (values.length === 0 || values.some((value) => !(value > 0 && value < Infinity))) {
    throw new RangeError("decades: expected numbers above 0");
  }
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/** A plot with logarithmic axes, as a picture in SVG. */
export function logLogPlot({ title, xLabel, yLabel, series }: Plot): string {
  const points = series.flatMap((one) => one.points);
  const xTicks = decades(points.map(([x]) => x));
  const yTicks = decades(points.map(([, y]) => y));
  const right = WIDTH - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const place = (value: number, ticks: readonly number[], from: number, to: number) => {
    const [low, high] = [Math.log10(ticks[0] ?? 1), Math.log10(ticks.at(-1) ?? 10)];
    return from + ((Math.log10(value) - low) / (high - low)) * (to - from);
  };
  const xOf = (x: number) => round(place(x, xTicks, MARGIN.left, right));
  const yOf = (y: number) => round(place(y, yTicks, bottom, MARGIN.top));
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    `<line x1="${String(x1)}" y1="${String(y1)}" x2="${String(x2)}" y2="${String(y2)}" stroke="#ddd"/>`;
  const text = (x: number, y: number, anchor: string, words: string, more = "") =>
    `<text x="${String(x)}" y="${String(y)}" text-anchor="${anchor}"${more}>${escaped(words)}</text>`;

  const parts = [
    `<rect width="${String(WIDTH)}" height="${String(HEIGHT)}" fill="#fff"/>`,
    text(MARGIN.left, 24, "start", title, ' font-weight="bold"'),
    ...xTicks.flatMap((x) => [
      line(xOf(x), MARGIN.top, xOf(x), bottom),
      text(xOf(x), bottom + 18, "middle", tickLabel(x)),
    ]),
    ...yTicks.flatMap((y) => [
      line(MARGIN.left, yOf(y), right, yOf(y)),
      text(MARGIN.left - 8, yOf(y) + 4, "end", tickLabel(y)),
    ]),
    text((MARGIN.left + right) / 2, HEIGHT - 12, "middle", xLabel),
    `<g transform="translate(18 ${String((MARGIN.top + bottom) / 2)}) rotate(-90)">${text(0, 0, "middle", yLabel)}</g>`,
    ...series.flatMap(({ name, points: own }, i) => {
      const colour = COLOURS[i % COLOURS.length] ?? "#000";
      const path = own.map(([x, y]) => `${String(xOf(x))},${String(yOf(y))}`).join(" ");
      const legendY = MARGIN.top + 12 + i * 20;
      return [
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...own.map(
          ([x, y]) =>
            `<circle cx="${String(xOf(x))}" cy="${String(yOf(y))}" r="3" fill="${colour}"/>`,
        ),
        `<rect x="${String(right + 16)}" y="${String(legendY - 9)}" width="12" height="4" fill="${colour}"/>`,
        text(right + 34, legendY - 3, "start", name),
      ];
    }),
  ];
  const size = `width="${String(WIDTH)}" height="${String(HEIGHT)}" viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">\n${parts.join("\n")}\n</svg>\n`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** 1,000 as 1k, 1,000,000 as 1M; small ones as they are. */
export function tickLabel(value: number): string {
  if (value >= 1e6) return `${String(round(value / 1e6))}M`;
  if (value >= 1e3) return `${String(round(value / 1e3))}k`;
  return String(Number(value.toPrecision(1)));
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
