import { test } from "vitest";

import { createMemoryStore } from "../../src/stores/memory.js";
import { failsWith, MODEL, vector } from "../conformance/store-fixture.js";

test("what a store lacks is refused, never passed over", async () => {
  const store = createMemoryStore();
  await store.prepare(MODEL);
  await failsWith("COUNTENANCE_UNSUPPORTED", () =>
    store.search(vector(1), { k: 1, filter: { city: "Paris" } }),
  );
  await failsWith("COUNTENANCE_UNSUPPORTED", () => store.changesSince(0, { limit: 10 }));
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.changesSince(-1, { limit: 10 }));
  await failsWith("COUNTENANCE_INVALID_ARGUMENT", () => store.changesSince(0, { limit: 0 }));
});
