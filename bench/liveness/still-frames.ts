import { SeededRandom } from "./random.js";
import type { Moment, Occluder, StillPlan } from "./still-motion.js";
import type { Print } from "./still-photos.js";
import { SheetWarp } from "./still-warp.js";

/** Pixels of every clip. */
export const CANVAS = { width: 384, height: 288 };

const SAMPLES = CANVAS.width * CANVAS.height * 3;
const NOISE_TABLE = 1 << 16;
/** Two moments that are closer than this look like one. */
const BLURRED_PX = 1;
/** RGB, and how much of it covers what is behind. */
const STRIPS = {
  hand: { colour: [196, 150, 125], opacity: 1 },
  pen: { colour: [25, 25, 40], opacity: 1 },
  reflection: { colour: [255, 255, 255], opacity: 0.75 },
} as const;

/** Draws the frames of one clip into one buffer, RGB8, which each call overwrites. */
export class StillFrames {
  readonly #frame = new Uint8Array(SAMPLES);
  readonly #light = new Float32Array(SAMPLES);
  readonly #background = new Float32Array(SAMPLES);
  readonly #noise = new Float32Array(NOISE_TABLE);
  readonly #random: SeededRandom;

  constructor(
    private readonly print: Print,
    private readonly plan: StillPlan,
  ) {
    this.#random = new SeededRandom(plan.seed ^ 0x5eed);
    for (let i = 0; i < NOISE_TABLE; i++) this.#noise[i] = this.#random.normal();
    this.#drawBackground();
  }

  /** Where the print moves, a frame's light is the mean of two moments: what is shaken is blurred. */
  draw(timeMs: number): Uint8Array {
    const { plan } = this;
    const moments = [
      plan.at(timeMs),
      plan.at(timeMs + (plan.shutter * 1000) / plan.fps / 2),
    ] as const;
    const seen =
      pixelsApart(...moments, this.print.face.size) > BLURRED_PX ? moments : [moments[0]];
    this.#light.fill(0);
    for (const moment of seen) this.#expose(moment);
    let n = Math.floor(this.#random.next() * NOISE_TABLE);
    for (let i = 0; i < SAMPLES; i++) {
      n = (n + 40503) & (NOISE_TABLE - 1); // an odd step walks through the whole table
      const value = (this.#light[i] ?? 0) / seen.length + plan.sensorNoise * (this.#noise[n] ?? 0);
      this.#frame[i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
    return this.#frame;
  }

  #drawBackground(): void {
    const tone = Array.from({ length: 3 }, () => this.#random.between(40, 200));
    const slope = this.#random.between(-60, 60);
    for (let y = 0, i = 0; y < CANVAS.height; y++) {
      for (let x = 0; x < CANVAS.width; x++) {
        const pattern = 12 * Math.sin(x / 23) * Math.sin(y / 31) + (slope * x) / CANVAS.width;
        for (const base of tone) this.#background[i++] = base + pattern;
      }
    }
  }

  #expose(moment: Moment): void {
    const { width, height, pixels, face } = this.print;
    const warp = new SheetWarp(this.print, moment);
    const strip = moment.occluder && new Strip(moment.occluder, face.size);
    const centreX = CANVAS.width / 2 + moment.x * face.size;
    const centreY = CANVAS.height / 2 + moment.y * face.size;
    const light = this.#light;
    for (let y = 0, i = 0; y < CANVAS.height; y++) {
      const wave = Math.sin((2 * Math.PI * y) / CANVAS.height);
      const gain = moment.light * (1 + moment.rolling * wave);
      for (let x = 0; x < CANVAS.width; x++, i += 3) {
        const covers = strip?.covers(x - centreX, y - centreY) ?? false;
        const seen = covers && strip ? gain * (1 - strip.opacity) : gain;
        if (covers && strip) {
          for (let c = 0; c < 3; c++) add(light, i + c, gain * strip.opacity * at(strip.colour, c));
          if (strip.opacity === 1) continue;
        }
        warp.locate(x - centreX, y - centreY);
        const left = Math.floor(warp.u);
        const top = Math.floor(warp.v);
        if (left < 0 || top < 0 || left >= width - 1 || top >= height - 1) {
          for (let c = 0; c < 3; c++) add(light, i + c, seen * at(this.#background, i + c));
          continue;
        }
        const [right, below] = [warp.u - left, warp.v - top];
        const p = (top * width + left) * 3;
        const q = p + width * 3;
        for (let c = 0; c < 3; c++) {
          const upper = at(pixels, p + c) * (1 - right) + at(pixels, p + c + 3) * right;
          const lower = at(pixels, q + c) * (1 - right) + at(pixels, q + c + 3) * right;
          add(light, i + c, seen * (upper * (1 - below) + lower * below));
        }
      }
    }
  }
}

/** About how far a face's border moves between two moments. */
function pixelsApart(a: Moment, b: Moment, faceSize: number): number {
  const turn = (Math.abs(a.rollDegrees - b.rollDegrees) * Math.PI) / 360;
  return (Math.hypot(a.x - b.x, a.y - b.y) + turn + Math.abs(a.zoom - b.zoom) / 2) * faceSize;
}

function at(values: ArrayLike<number>, i: number): number {
  return values[i] ?? 0;
}

function add(values: Float32Array, i: number, value: number): void {
  values[i] = at(values, i) + value;
}

/** What passes before the print, in pixels. */
class Strip {
  readonly colour: readonly number[];
  readonly opacity: number;
  readonly #x: number;
  readonly #y: number;
  readonly #cos: number;
  readonly #sin: number;
  readonly #halfWidth: number;
  readonly #halfLength: number;

  constructor(occluder: Occluder, faceSize: number) {
    ({ colour: this.colour, opacity: this.opacity } = STRIPS[occluder.kind]);
    this.#x = occluder.x * faceSize;
    this.#y = occluder.y * faceSize;
    this.#cos = Math.cos((occluder.angleDegrees * Math.PI) / 180);
    this.#sin = Math.sin((occluder.angleDegrees * Math.PI) / 180);
    this.#halfWidth = occluder.halfWidth * faceSize;
    this.#halfLength = occluder.halfLength * faceSize;
  }

  covers(dx: number, dy: number): boolean {
    const [x, y] = [dx - this.#x, dy - this.#y];
    return (
      Math.abs(y * this.#cos - x * this.#sin) < this.#halfWidth &&
      Math.abs(x * this.#cos + y * this.#sin) < this.#halfLength
    );
  }
}
