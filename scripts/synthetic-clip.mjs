// Makes a video out of one photo: a hand-held camera before a face that may blink. It is for the
// quickstart and the tests, and it is an attack: whoever can give such frames to a server, by a
// virtual camera or as a file, passes a check for blinks.
import { spawn } from "node:child_process";
import { once } from "node:events";

import sharp from "sharp";

/** A lid takes 130 ms down and 170 ms up: the middle of what people need (75-200 and 100-300 ms). */
const CLOSING_MS = 130;
const OPENING_MS = 170;

/** In widths of the eye: the upper lid's arc over the corners' line, the lower one's, the brow. */
const UPPER_LID = 0.3;
const LOWER_LID = 0.17;
const BROW = 0.55;
/** How much darker the lashes make the closing lid's edge. */
const LASHES = 0.5;

/**
 * A square of a photo around a face, with a margin for the camera's shake.
 * @param photo  What sharp reads.
 * @param face  A face as `engine.analyze` finds it: its box and its eye corners are used.
 * @param options  `side`: pixels of the frames that are made of it; `around`: widths of the face.
 */
export async function sceneOf(photo, { box, landmarks }, { side = 480, around = 2.4 } = {}) {
  const { data, info } = await sharp(photo)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixelsPerPixel = (box.width * around) / side;
  const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const [rightOuter, rightInner, leftOuter, leftInner] = landmarks;
  return {
    photo: { data, width: info.width, height: info.height },
    side,
    pixelsPerPixel,
    centre,
    eyes: [
      [leftOuter, leftInner],
      [rightInner, rightOuter],
    ].map(([left, right]) => eyeBetween(left, right)),
  };
}

function eyeBetween(left, right) {
  const width = Math.hypot(right.x - left.x, right.y - left.y);
  return {
    centre: { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 },
    along: { x: (right.x - left.x) / width, y: (right.y - left.y) / width },
    width,
  };
}

/**
 * Frames of a scene, as `liveness.blink` takes them; the same seed gives the same frames.
 * @param options  `blinksAtMs`: when the lids begin to close. `noise`: standard deviation of the
 * sensor's noise, in grey values. `shake`: how far the hand moves, in hundredths of the picture's side.
 */
export function* framesOf(
  scene,
  { durationMs = 3000, framesPerSecond = 30, blinksAtMs = [], noise = 3, shake = 1, seed = 1 } = {},
) {
  const random = randomFrom(seed);
  const sway = swayOf(random, shake);
  const grain = gaussianTable(random);
  const count = Math.round((durationMs * framesPerSecond) / 1000);
  for (let i = 0; i < count; i++) {
    const timestampMs = (i * 1000) / framesPerSecond;
    const closed = Math.max(0, ...blinksAtMs.map((at) => closedAt(timestampMs - at)));
    const { side } = scene;
    const data = render(withLids(scene, closed), scene, sway(timestampMs / 1000));
    addNoise(data, grain, noise, random);
    yield { image: { data, width: side, height: side, channels: 3 }, timestampMs };
  }
}

/** How far the lids are down: 0..1. */
function closedAt(ms) {
  if (ms <= 0 || ms >= CLOSING_MS + OPENING_MS) return 0;
  const part = ms < CLOSING_MS ? ms / CLOSING_MS : 1 - (ms - CLOSING_MS) / OPENING_MS;
  return (1 - Math.cos(Math.PI * part)) / 2;
}

/** The photo with its lids drawn down: the skin above each eye is stretched over it. */
function withLids({ photo, eyes }, closed) {
  if (closed === 0) return photo;
  const data = Uint8Array.from(photo.data);
  for (const eye of eyes) drawLid(photo, data, eye, closed);
  return { ...photo, data };
}

function drawLid(photo, target, { centre, along, width }, closed) {
  const reach = Math.ceil(width);
  for (let y = Math.round(centre.y) - reach; y <= Math.round(centre.y) + reach; y++) {
    for (let x = Math.round(centre.x) - reach; x <= Math.round(centre.x) + reach; x++) {
      if (x < 0 || y < 0 || x >= photo.width || y >= photo.height) continue;
      // In widths of the eye: u along the line of its corners, v down from it.
      const [dx, dy] = [(x - centre.x) / width, (y - centre.y) / width];
      const u = dx * along.x + dy * along.y;
      const v = dy * along.x - dx * along.y;
      const arc = 1 - (2 * u) ** 2;
      if (arc <= 0) continue;
      const [top, open] = [-BROW * arc, -UPPER_LID * arc];
      const edge = open + closed * (LOWER_LID * arc - open);
      if (v <= top || v >= edge) continue;
      const from = top + ((v - top) * (open - top)) / (edge - top);
      const shift = (from - v) * width;
      const lash = 1 - LASHES * closed * Math.exp(-(((v - edge) / 0.04) ** 2)) * arc;
      const at = (y * photo.width + x) * 3;
      drawSample(target, at, photo, x - shift * along.y, y + shift * along.x, lash);
    }
  }
}

/** The frame that a camera sees which is moved, turned and zoomed a little. */
function render(photo, { side, pixelsPerPixel, centre }, { x, y, turn, zoom }) {
  const data = new Uint8Array(side * side * 3);
  const scale = pixelsPerPixel / zoom;
  const [cos, sin] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
  let at = 0;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [dx, dy] = [column - side / 2 + x * side, row - side / 2 + y * side];
      drawSample(
        data,
        at,
        photo,
        centre.x + dx * cos - dy * sin,
        centre.y + dx * sin + dy * cos,
        1,
      );
      at += 3;
    }
  }
  return data;
}

/** One pixel, bilinear, times `factor`; outside of the photo its edge goes on. */
function drawSample(target, at, { data, width, height }, x, y, factor) {
  const clampedX = Math.min(Math.max(x, 0), width - 1.001);
  const clampedY = Math.min(Math.max(y, 0), height - 1.001);
  const [left, top] = [Math.floor(clampedX), Math.floor(clampedY)];
  const [fx, fy] = [clampedX - left, clampedY - top];
  const [above, below] = [(top * width + left) * 3, ((top + 1) * width + left) * 3];
  for (let channel = 0; channel < 3; channel++) {
    const [i, j] = [above + channel, below + channel];
    const upper = data[i] + (data[i + 3] - data[i]) * fx;
    target[at + channel] = (upper + (data[j] + (data[j + 3] - data[j]) * fx - upper) * fy) * factor;
  }
}

/** A hand's tremor: slow sways and a quick small one, each with its own phase. */
function swayOf(random, shake) {
  const waves = [0.4, 0.9, 2.1, 7.3].map((hertz) => ({ hertz, size: 1 / (1 + hertz) }));
  const motion = (amount) => {
    const phases = waves.map(() => random() * 2 * Math.PI);
    return (seconds) =>
      amount *
      shake *
      waves.reduce(
        (sum, { hertz, size }, i) =>
          sum + size * Math.sin(2 * Math.PI * hertz * seconds + phases[i]),
        0,
      );
  };
  const [x, y, turn, zoom] = [motion(0.01), motion(0.01), motion(0.012), motion(0.008)];
  return (seconds) => ({
    x: x(seconds),
    y: y(seconds),
    turn: turn(seconds),
    zoom: 1 + zoom(seconds),
  });
}

function addNoise(data, grain, noise, random) {
  let at = Math.floor(random() * grain.length);
  for (let i = 0; i < data.length; i++) {
    if (at === grain.length) at = Math.floor(random() * grain.length);
    data[i] = Math.min(255, Math.max(0, data[i] + noise * grain[at++] + 0.5));
  }
}

/** Standard normal numbers, to be read from anywhere in it. */
function gaussianTable(random) {
  return Float32Array.from({ length: 1 << 16 }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    return radius * Math.cos(2 * Math.PI * random());
  });
}

/** Mulberry32. */
function randomFrom(seed) {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Writes frames of one size as an H.264 mp4.
 * @param frames  Evenly spaced; their timestamps are not read.
 */
export async function writeClip(path, frames, { framesPerSecond = 30, crf = 20 } = {}) {
  let encoder;
  for (const { image } of frames) {
    encoder ??= startEncoder(path, image, { framesPerSecond, crf });
    if (!encoder.process.stdin.write(image.data)) await once(encoder.process.stdin, "drain");
  }
  encoder.process.stdin.end();
  await encoder.ended;
}

function startEncoder(path, { width, height }, { framesPerSecond, crf }) {
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`];
  const out = ["-c:v", "libx264", "-preset", "veryfast", "-crf", crf, "-pix_fmt", "yuv420p"];
  const child = spawn(
    "ffmpeg",
    ["-v", "error", "-y", ...raw, "-r", framesPerSecond, "-i", "-", ...out, path].map(String),
    { stdio: ["pipe", "ignore", "inherit"] },
  );
  const ended = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  });
  return { process: child, ended };
}
