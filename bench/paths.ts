import { fileURLToPath } from "node:url";

/**
 * The repository: the bench runs as a bundle in build/bench, two folders below it.
 * (tsup keeps every entry and chunk flat in there.)
 */
export const repository = fileURLToPath(new URL("../../", import.meta.url));

/** The folder of this bundle: contestants that are Node programs lie beside it. */
export const bundleFolder = fileURLToPath(new URL("./", import.meta.url));

/** What benches make and may find again: pictures and chips. */
export const cacheFolder = `${repository}build/bench-cache/`;
