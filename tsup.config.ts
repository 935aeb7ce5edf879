import { existsSync } from "node:fs";

import { defineConfig, type Options } from "tsup";

const shared: Options = {
  outDir: "dist",
  target: "node20",
  platform: "node",
  sourcemap: true,
  splitting: false,
  external: ["sharp", "commander"],
};

const library: Options = {
  ...shared,
  entry: { index: "src/index.ts" },
  format: ["esm", "cjs"],
  dts: true,
  // The addon is found from import.meta.url, which CommonJS has not.
  shims: true,
};

/** For people who write a store of their own. No shims: it loads no addon, and nothing of node_modules. */
const testing: Options = {
  ...shared,
  entry: { testing: "src/testing/store-conformance.ts" },
  format: ["esm", "cjs"],
  dts: true,
};

const cli: Options = {
  ...shared,
  entry: { "cli/main": "src/cli/main.ts" },
  format: ["esm"],
};

/** What scripts/build-models.mjs needs; not published. */
const conversion: Options = {
  ...shared,
  entry: {
    tfjs: "src/conversion/tfjs.ts",
    onnx: "src/conversion/onnx.ts",
    golden: "src/conversion/golden.ts",
    native: "src/internal/native.ts",
  },
  outDir: "build/conversion",
  format: ["esm"],
};

export default defineConfig(
  existsSync("src/cli/main.ts")
    ? [library, testing, cli, conversion]
    : [library, testing, conversion],
);
