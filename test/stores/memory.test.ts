import { test } from "vitest";

import { createMemoryStore } from "../../src/stores/memory.js";
import { storeConformance } from "../../src/testing/store-conformance.js";

storeConformance(test, {
  name: "memory store",
  place: () => ({ open: () => createMemoryStore() }),
});
