import { CountenanceError } from "../errors.js";

/** A data: URI (RFC 2397) that is not yet decoded. Its media type is not read: it may lie. */
export interface DataUri {
  /** An upper bound of what `decode` returns. */
  readonly maxSize: number;
  /** @throws {CountenanceError} `COUNTENANCE_IMAGE_UNREADABLE` for damaged base64 or escapes. */
  readonly decode: () => Uint8Array;
}

/** Returns undefined for every string that is no data: URI. */
export function parseDataUri(text: string): DataUri | undefined {
  if (text.slice(0, 5).toLowerCase() !== "data:") return undefined;
  const comma = text.indexOf(",");
  if (comma < 0) return undefined;
  const isBase64 = /;\s*base64\s*$/i.test(text.slice(Math.max(5, comma - 32), comma));
  const fragment = text.indexOf("#", comma);
  const payload = text.slice(comma + 1, fragment < 0 ? undefined : fragment);
  return isBase64
    ? { maxSize: Math.ceil((payload.length * 3) / 4), decode: () => decodeBase64(payload) }
    : { maxSize: payload.length - 2 * count(payload, "%"), decode: () => unescape(payload) };
}

function decodeBase64(payload: string): Uint8Array {
  const unescaped = payload.includes("%") ? latin1(unescape(payload)) : payload;
  const digits = unescaped.replace(/[\t\n\f\r ]+|={1,2}\s*$/g, "");
  const bytes = Buffer.from(digits, "base64");
  // Node skips what is no base64: a missing byte tells.
  if (digits.length % 4 === 1 || bytes.length !== Math.floor((digits.length * 3) / 4)) {
    throw damaged("base64");
  }
  return bytes;
}

function unescape(payload: string): Uint8Array {
  const bytes = Buffer.alloc(payload.length - 2 * count(payload, "%"));
  let at = 0;
  for (let i = 0; i < payload.length; i++) {
    const escaped = payload[i] === "%";
    const code = escaped ? hexByte(payload, i + 1) : payload.charCodeAt(i);
    if (code > (escaped ? 0xff : 0x7f)) throw damaged("percent-encoded");
    bytes[at++] = code;
    if (escaped) i += 2;
  }
  return bytes;
}

/** Two hexadecimal digits, or Infinity. */
function hexByte(text: string, at: number): number {
  const digits = text.slice(at, at + 2);
  return /^[\da-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : Infinity;
}

function count(text: string, what: string): number {
  let found = 0;
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + 1)) found++;
  return found;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function damaged(encoding: string): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_IMAGE_UNREADABLE",
    `image: expected a data: URI with ${encoding} data, got a damaged one`,
  );
}
