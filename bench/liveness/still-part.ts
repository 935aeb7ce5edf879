import type { Engine } from "../../src/engine.js";
import { forAll } from "../accuracy/strangers.js";
import { findBlinks, type Blink } from "../../src/liveness/blink.js";
import { clopperPearson } from "../../src/evaluate/clopper-pearson.js";
import { atMost } from "./blink-part.js";
import { trackedFrames } from "./labelled-clips.js";
import type { LivenessPart } from "./part.js";
import { stillClips, type StillClip } from "./still-clips.js";

/** Decoders run beside the engine's threads. */
const AT_ONCE = 4;
const MS_PER_MINUTE = 60_000;
/** A strip's effect lasts for about this long before and after it is over the eyes. */
const STRIP_MARGIN_MS = 100;

/** False blinks in clips of photos that are held before a camera. */
export async function stillPart(
  engine: Engine,
  progress: (text: string) => void,
): Promise<LivenessPart> {
  const photos = new Map<string, StillClip>();
  let clips = 0;
  let clipMs = 0;
  let withBlink = 0;
  let falseBlinks = 0;
  let underStrip = 0;
  let smallFaces = 0;
  await forAll(stillClips(engine), AT_ONCE, async (make) => {
    const clip = await make();
    if (clip === undefined) return; // no face was found in the photo
    const frames = await trackedFrames(engine, clip.path);
    const { blinks } = findBlinks(frames);
    const ofStrip = blinks.filter((blink) => isUnderStrip(clip, blink)).length;
    underStrip += ofStrip;
    falseBlinks += blinks.length - ofStrip;
    withBlink += blinks.length > 0 ? 1 : 0;
    clipMs += frames.at(-1)?.timestampMs ?? 0;
    clips++;
    if (clip.plan.facePx <= 60) smallFaces++;
    photos.set(clip.photo.path, clip);
    progress(`still clip ${String(clips)}`);
  });
  if (clips === 0) return { facts: { stills: "no ../shared/data/photos and lfw-dev" } };
  const minutes = clipMs / MS_PER_MINUTE;
  const ofKind = (kind: string) => [...photos.values()].filter(({ photo }) => photo.kind === kind);
  const { high } = clopperPearson(withBlink, clips);
  return {
    facts: {
      "stills: clips": `${String(clips)} of ${String(photos.size)} photos, ${minutes.toFixed(1)} min`,
      "stills: with glasses": ofKind("glasses").length,
      "stills: eyes half closed": ofKind("half-closed").length,
      "stills: faces of 60 px": smallFaces,
      "stills: false blinks": falseBlinks,
      "stills: false blinks while a strip covers both eyes at once": underStrip,
      "stills: false blinks per minute, both": (falseBlinks + underStrip) / minutes,
      "stills: clips with a false blink": `${String(withBlink)} of ${String(clips)} (at most ${high.toFixed(3)})`,
    },
    checks: [atMost("false blinks in still clips, but for strips over both eyes", falseBlinks, 0)],
  };
}

function isUnderStrip({ plan }: StillClip, { startMs, endMs }: Blink): boolean {
  for (let at = startMs - STRIP_MARGIN_MS; at <= endMs + STRIP_MARGIN_MS; at += 10) {
    if (plan.at(at).occluder?.isOverBothEyes === true) return true;
  }
  return false;
}
