import type { Face, VideoFrame } from "../src/index.js";

/** Opaque: what `framesOf` draws from. */
export interface Scene {
  readonly side: number;
}

export interface SyntheticClipOptions {
  readonly durationMs?: number;
  readonly framesPerSecond?: number;
  readonly blinksAtMs?: readonly number[];
  readonly noise?: number;
  readonly shake?: number;
  readonly seed?: number;
}

export function sceneOf(
  photo: string | Uint8Array,
  face: Pick<Face, "box" | "landmarks">,
  options?: { readonly side?: number; readonly around?: number },
): Promise<Scene>;

export function framesOf(scene: Scene, options?: SyntheticClipOptions): Generator<VideoFrame, void>;

export function writeClip(
  path: string,
  frames: Iterable<VideoFrame>,
  options?: { readonly framesPerSecond?: number; readonly crf?: number },
): Promise<void>;
