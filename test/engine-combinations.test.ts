import { afterAll, beforeAll, expect, test } from "vitest";

import { createEngine, type Engine } from "../src/engine.js";
import { portraits, samplePath } from "./fixtures/photos.js";

const DETECTORS = ["blazeface", "hog"] as const;
const ALIGNMENTS = ["mesh", "dlib"] as const;

const engines = new Map<string, Engine>();
let portrait: Buffer;
beforeAll(async () => {
  for (const detector of DETECTORS) {
    for (const alignment of ALIGNMENTS) {
      const engine = await createEngine({ threads: 1, detector, alignment });
      engines.set(`${detector} ${alignment}`, engine);
    }
  }
  const [first] = await portraits(engineOf("blazeface mesh"), 3);
  if (first === undefined) throw new Error("expected a face in the sample photo");
  portrait = first;
});
afterAll(async () => {
  for (const engine of engines.values()) await engine.close();
});

function engineOf(name: string): Engine {
  const engine = engines.get(name);
  if (engine === undefined) throw new Error(name);
  return engine;
}

test.each(
  DETECTORS.flatMap((detector) => ALIGNMENTS.map((alignment) => [detector, alignment] as const)),
)(
  "%s with %s finds the people of a group photo where the others find them",
  async (detector, alignment) => {
    const faces = await engineOf(`${detector} ${alignment}`).analyze({
      path: samplePath(3),
    });
    const others = await engineOf("blazeface mesh").analyze({ path: samplePath(3) });
    expect(faces).toHaveLength(others.length);
    for (const { box } of faces) {
      const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      const near = others.filter(
        (other) =>
          Math.abs(other.box.x + other.box.width / 2 - middle.x) < box.width / 4 &&
          Math.abs(other.box.y + other.box.height / 2 - middle.y) < box.height / 4,
      );
      expect(near).toHaveLength(1);
    }
  },
);

test("templates of two detectors compare, of one person far below any threshold", async () => {
  for (const alignment of ALIGNMENTS) {
    const [a, b] = [engineOf(`blazeface ${alignment}`), engineOf(`hog ${alignment}`)];
    expect(a.compare(await a.embed(portrait), await b.embed(portrait))).toBeLessThan(0.3);
  }
});

test("templates of two alignments do not compare", async () => {
  const [a, b] = [engineOf("blazeface mesh"), engineOf("blazeface dlib")];
  const templates = [await a.embed(portrait), await b.embed(portrait)] as const;
  expect(() => a.compare(...templates)).toThrow(
    expect.objectContaining({ code: "COUNTENANCE_MODEL_MISMATCH" }),
  );
});
