// countenance through its public API.
//   node countenance.js <photo.jpg>
import { readFile } from "node:fs/promises";

import { createEngine } from "../../src/index.js";
import { serve } from "../serve.js";

const engine = await createEngine({ threads: 1 });
const jpeg = await readFile(process.argv[2] ?? "");
await serve(`countenance, ${engine.pipeline}, 1 thread, 128-d`, async () => {
  const template = await engine.embed(jpeg);
  return template.vector;
});
