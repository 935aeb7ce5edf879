import type { StorePlace } from "../../src/testing/store-conformance.js";
import type { ToyDisk, ToyStore } from "./toy-store.js";

export type ToyClass = new (disk: ToyDisk) => ToyStore;

/** A disk of its own; a crash leaves what is on it at that moment. */
export function placeOf(toy: ToyClass): StorePlace {
  let disk: ToyDisk = { model: undefined, journal: [] };
  return {
    open: () => new toy(disk),
    crash: () => {
      disk = structuredClone(disk);
    },
  };
}
