import { CountenanceError } from "../errors.js";

/**
 * Claims a challenge for the only verdict that it gets.
 * @param nonce        Of the challenge: 22 characters of base64url.
 * @param keepUntilMs  Unix time: from then on the claim may be forgotten.
 * @returns True for the first call with this nonce, on any server; false for every later one.
 */
export type ClaimChallenge = (nonce: string, keepUntilMs: number) => Promise<boolean>;

/** Open claims of one process: far above what it could judge within the life of a challenge. */
const MAX_CLAIMS = 100_000;

/** Claims in this process's memory: for one server, whose restart forgets them. */
export function claimsInMemory(now: () => number, maxClaims = MAX_CLAIMS): ClaimChallenge {
  const claims = new Map<string, number>();
  const forgetOld = () => {
    for (const [nonce, keepUntilMs] of claims) if (keepUntilMs <= now()) claims.delete(nonce);
  };
  return (nonce, keepUntilMs) => {
    if (claims.has(nonce)) return Promise.resolve(false);
    if (claims.size >= maxClaims) forgetOld();
    if (claims.size >= maxClaims) {
      return Promise.reject(
        new CountenanceError(
          "COUNTENANCE_BUSY",
          `expected at most ${String(maxClaims)} judged challenges that have not expired, got more`,
        ),
      );
    }
    claims.set(nonce, keepUntilMs);
    return Promise.resolve(true);
  };
}
