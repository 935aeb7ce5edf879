import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { createEngine, type Engine } from "../../src/engine.js";
import type { BenchCase, CaseResult } from "../case.js";
import type { Template } from "../../src/template.js";
import { repository } from "../paths.js";
import { summarise } from "../statistics.js";

const FOLDER = join(repository, "../shared/data/photos/deepface");
/** dlib's own threshold: the one at which the errors of this set are stated. */
const DISTANCE = 0.6;

/** Errors on 300 pairs of photos of known people; the largest face of each photo counts. */
export const pairs: BenchCase = {
  name: "pairs",
  summary: "false matches and non-matches on ../shared/data/photos/deepface",
  async run() {
    if (!existsSync(FOLDER)) {
      const unavailable = "no ../shared/data/photos/deepface";
      return { rows: [{ name: "analyze", unavailable }], ratios: {} };
    }
    await using engine = await createEngine();
    return await measure(engine);
  },
};

async function measure(engine: Engine): Promise<CaseResult> {
  const list = readFileSync(join(FOLDER, "master.csv"), "utf8").trim().split(/\r?\n/).slice(1);
  const rows = list.map((line) => line.split(","));
  const templates = new Map<string, Template | undefined>();
  const timesMs: number[] = [];
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".jpg"))) {
    const started = performance.now();
    const [face] = await engine.analyze({ path: join(FOLDER, name) }, { maxFaces: 1 });
    timesMs.push(performance.now() - started);
    templates.set(name, face?.template);
  }

  const errors = { falseMatches: 0, falseNonMatches: 0, notCompared: 0 };
  for (const [a = "", b = "", decision] of rows) {
    const [first, second] = [templates.get(a), templates.get(b)];
    if (first === undefined || second === undefined) {
      errors.notCompared++;
      continue;
    }
    const match = engine.compare(first, second) <= DISTANCE;
    if (match && decision === "No") errors.falseMatches++;
    if (!match && decision === "Yes") errors.falseNonMatches++;
  }
  const withoutFace = [...templates.values()].filter((template) => template === undefined).length;
  return {
    rows: [{ name: "analyze", ...summarise(timesMs) }],
    ratios: {},
    facts: { photos: templates.size, pairs: rows.length, distance: DISTANCE, ...errors },
    checks: [
      { name: "photos without a face", value: withoutFace, limit: 0, pass: withoutFace === 0 },
      {
        name: "false matches at 0.6",
        value: errors.falseMatches,
        limit: 0,
        pass: errors.falseMatches === 0,
      },
      {
        name: "false non-matches at 0.6",
        value: errors.falseNonMatches,
        limit: 1,
        pass: errors.falseNonMatches <= 1,
      },
    ],
  };
}
