// Puts this platform's addon where the npm package carries it, and refuses to pack without models:
// a package that lacks either would install and then fail.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { models } = JSON.parse(readFileSync(join(root, "models", "manifest.json"), "utf8"));
for (const { file } of models) {
  if (!existsSync(join(root, "models", file))) throw new Error(`models/${file} is missing`);
}
const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, "build", "Release", "countenance.node"), join(folder, "countenance.node"));
