import { jsonText } from "./internal/validate.js";
import type { Metadata } from "./stores/store.js";

/**
 * What the caller's value says now, so that later changes to it are not seen half way.
 * @throws {CountenanceError} `INVALID_ARGUMENT` for what is no plain JSON, or more than 64 KiB.
 */
export function metadataCopy(metadata: unknown): Metadata | undefined {
  if (metadata === undefined) return undefined;
  // jsonText lets nothing through but JSON.
  return JSON.parse(jsonText("metadata", metadata)) as Metadata;
}
