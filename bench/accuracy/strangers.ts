import { readdirSync } from "node:fs";
import { join } from "node:path";

import { repository } from "../paths.js";

/** Pictures of people, a folder per person; not part of the project. */
export const LFW_DEV = join(repository, "../shared/data/lfw-dev");

/** The paths of each person's pictures, both in order of name. */
export function picturesByPerson(): readonly (readonly string[])[] {
  return readdirSync(LFW_DEV)
    .sort()
    .map((person) =>
      readdirSync(join(LFW_DEV, person))
        .sort()
        .map((picture) => join(LFW_DEV, person, picture)),
    );
}

/** Calls `each` for all items, as many at once as there are threads. */
export async function forAll<T>(
  items: readonly T[],
  threads: number,
  each: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const next = items.entries();
  const worker = async () => {
    for (const [index, item] of next) await each(item, index);
  };
  await Promise.all(Array.from({ length: threads }, worker));
}
