import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createEngine, type Engine } from "../src/engine.js";
import { packageRoot } from "../src/internal/native.js";
import type { Template } from "../src/template.js";

const folder = join(packageRoot(), "..", "shared", "data", "photos", "deepface");

// The photos are not part of the project: without them there is nothing to measure.
describe.skipIf(!existsSync(folder))("on 64 photos and 300 pairs of known people", () => {
  let engine: Engine;
  const templates = new Map<string, Template>();
  const photos = existsSync(folder)
    ? readdirSync(folder).filter((file) => file.endsWith(".jpg"))
    : [];

  beforeAll(async () => {
    engine = await createEngine();
    await Promise.all(
      photos.map(async (photo) => {
        const [largest] = await engine.analyze({ path: join(folder, photo) }, { maxFaces: 1 });
        if (largest?.template !== undefined) templates.set(photo, largest.template);
      }),
    );
  });
  afterAll(() => engine.close());

  test("a face is found in every photo", () => {
    expect(photos.length).toBe(64);
    expect(photos.filter((photo) => !templates.has(photo))).toEqual([]);
  });

  test("at distance 0.6 there is no false match and at most one false non-match", () => {
    const rows = readFileSync(join(folder, "master.csv"), "utf8").trim().split(/\r?\n/).slice(1);
    const wrong = { match: 0, nonMatch: 0 };
    for (const row of rows) {
      const [a = "", b = "", same] = row.split(",");
      const [first, second] = [templates.get(a), templates.get(b)];
      if (first === undefined || second === undefined) throw new Error("expected two faces");
      const match = engine.compare(first, second) <= 0.6;
      if (match && same === "No") wrong.match++;
      if (!match && same === "Yes") wrong.nonMatch++;
    }
    expect(rows).toHaveLength(300);
    expect(wrong.match).toBe(0);
    expect(wrong.nonMatch).toBeLessThanOrEqual(1);
  });
});
