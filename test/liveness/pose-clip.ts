import type { Blink } from "../../src/liveness/blink.js";
import type { Pose, TrackedFace, TrackedFrame } from "../../src/liveness/tracked-frame.js";
import type { Template } from "../../src/template.js";
import { blinkAt } from "./eye-clip.js";

/** A head that moves as told, 30 frames a second, with half a degree of noise in every angle. */
export class PoseClip {
  readonly frames: TrackedFrame[] = [];
  readonly blinks: Blink[] = [];
  readonly #rest: { yaw: number; pitch: number };
  #template: Template | undefined;

  constructor(rest = { yaw: 0, pitch: 0 }) {
    this.#rest = rest;
  }

  get nowMs(): number {
    return (this.frames.length * 1000) / 30;
  }

  still(ms: number): this {
    return this.#add(ms, () => [0, 0]);
  }

  /** Out and back in `ms`, as half a sine. */
  move(by: { yaw?: number; pitch?: number }, ms = 1000): this {
    return this.#add(ms, (part) => {
      const share = Math.sin(Math.PI * part);
      return [(by.yaw ?? 0) * share, (by.pitch ?? 0) * share];
    });
  }

  /** Out in `ms`, without coming back. */
  leave(by: { yaw?: number; pitch?: number }, ms = 500): this {
    return this.#add(ms, (part) => [(by.yaw ?? 0) * part, (by.pitch ?? 0) * part]);
  }

  /** The eyes close and open again within 600 ms. */
  blink(): this {
    const peakMs = this.nowMs + 300;
    const first = this.frames.length;
    this.still(600);
    for (const [i, frame] of this.frames.entries()) {
      if (i < first || frame.face === undefined) continue;
      const openness = 0.3 * blinkAt(peakMs)(frame.timestampMs);
      const face = { ...frame.face, eyes: { left: openness, right: openness } };
      this.frames[i] = { ...frame, face };
    }
    this.blinks.push({ startMs: peakMs - 100, peakMs, endMs: peakMs + 150 });
    return this;
  }

  noFace(ms: number): this {
    return this.#add(ms, () => undefined);
  }

  /** From now on the face has this template. */
  as(template: Template | undefined): this {
    this.#template = template;
    return this;
  }

  #add(ms: number, at: (part: number) => readonly [number, number] | undefined): this {
    const count = Math.round((ms * 30) / 1000);
    for (let i = 0; i < count; i++) {
      const moved = at((i + 1) / count);
      const noise = (k: number) => 0.5 * Math.sin(this.frames.length * k);
      const pose = moved && {
        yaw: this.#rest.yaw + moved[0] + noise(7.3),
        pitch: this.#rest.pitch + moved[1] + noise(5.1),
        roll: noise(3.7),
      };
      const embeds = this.frames.length % 8 === 0;
      this.frames.push({
        timestampMs: this.nowMs,
        face: pose && trackedFace(pose, embeds ? this.#template : undefined),
        facesSeen: undefined,
      });
    }
    return this;
  }
}

/** One bad measurement: the pose of a frame is far off. */
export function spoil(clip: PoseClip, atMs: number, pose: Pose): void {
  const index = clip.frames.findIndex(({ timestampMs }) => timestampMs >= atMs);
  const frame = clip.frames[index];
  if (frame?.face === undefined) throw new Error(`there is no face at ${String(atMs)} ms`);
  clip.frames[index] = { ...frame, face: { ...frame.face, pose } };
}

export function trackedFace(pose: Pose, template?: Template): TrackedFace {
  const box = { x: 200, y: 150, width: 240, height: 240 };
  const landmarks = [
    { x: 380, y: 230 },
    { x: 340, y: 232 },
    { x: 260, y: 230 },
    { x: 300, y: 232 },
    { x: 320, y: 300 },
  ];
  return {
    box,
    landmarks,
    score: 0.99,
    followed: true,
    pose,
    eyes: { left: 0.3, right: 0.3 },
    eyeGapPx: 120,
    sharpness: 20,
    light: 120,
    template,
  };
}
