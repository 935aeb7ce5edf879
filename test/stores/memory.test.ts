import { createMemoryStore } from "../../src/stores/memory.js";
import { storeConformance } from "../conformance/store-conformance.js";

storeConformance("memory store", () => Promise.resolve(createMemoryStore()));
