import type { VectorSearchResult } from "./store.js";

const MAX_ATTEMPTS = 10;

/**
 * Repeats a search whose hits were deleted between the index and the records, so that fewer than k
 * hits mean that there are no more. Under endless deletions the last attempt returns what is left.
 */
export async function searchAgain(
  attempt: (last: boolean) => Promise<VectorSearchResult | undefined>,
): Promise<VectorSearchResult> {
  for (let i = 1; i < MAX_ATTEMPTS; i++) {
    const result = await attempt(false);
    if (result !== undefined) return result;
  }
  return (await attempt(true)) ?? { hits: [], compared: 0 };
}
