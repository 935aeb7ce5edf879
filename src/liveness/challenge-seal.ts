import { createHmac, timingSafeEqual } from "node:crypto";

import { CountenanceError } from "../errors.js";
import { boundedText } from "../internal/validate.js";

/** Names the purpose and the format, so that a seal of something else, or of a later one, is none. */
const PREFIX = "countenance-challenge.1.";
/** A sealed challenge of the most steps has about 700 characters. */
const MAX_TEXT_BYTES = 4096;
/** Base64url of the 32 bytes of an HMAC-SHA256. */
const MAC_LENGTH = 43;

/**
 * A text that only holders of the key can have made: prefix, base64url of the JSON, ".", base64url of
 * the HMAC-SHA256 of all before it. It is not secret: whoever has it can read it.
 */
export function seal(value: unknown, key: Uint8Array): string {
  const signed = PREFIX + Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${signed}.${macOf(signed, key)}`;
}

/**
 * The value that `seal` was given.
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`: no sealed text, changed since, or sealed
 *   with another key; which of them is not told.
 */
export function unseal(text: unknown, key: Uint8Array): unknown {
  const whole = boundedText("challenge", text, MAX_TEXT_BYTES);
  const signed = whole.slice(0, -MAC_LENGTH - 1);
  const expected = Buffer.from(`${signed}.${macOf(signed, key)}`);
  const got = Buffer.from(whole);
  // Compared as text: two spellings of the same bytes would otherwise both pass.
  const isOurs = expected.length === got.length && timingSafeEqual(expected, got);
  if (!isOurs || !signed.startsWith(PREFIX)) throw notSealed();
  return JSON.parse(Buffer.from(signed.slice(PREFIX.length), "base64url").toString());
}

function notSealed(): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_INVALID_ARGUMENT",
    "challenge: expected the text of serialize() of this key and format, got another",
  );
}

function macOf(signed: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(signed).digest("base64url");
}
