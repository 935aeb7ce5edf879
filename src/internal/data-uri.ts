import { CountenanceError } from "../errors.js";

/** A data: URI (RFC 2397) that is not yet decoded. Its media type is not read: it may lie. */
export interface DataUri {
  /** An upper bound of what `decode` returns; white space and escapes count like digits. */
  readonly maxSize: number;
  /**
   * Decodes in slices, with a turn of the event loop between them.
   * @throws {CountenanceError} `COUNTENANCE_IMAGE_UNREADABLE` for damaged base64 or escapes.
   */
  readonly decode: () => Promise<Uint8Array>;
}

/** A real head is far shorter: what has no comma by then is no data: URI. */
const MAX_HEAD = 1024;
/** Characters. An escape costs 50 times as much as a base64 digit: no way to send photographs. */
const MAX_PERCENT_ENCODED = 65_536;
/** Characters. The dearest ones (every other is a space) take 2 ms. */
const SLICE = 65_536;

/**
 * Returns undefined for every string that is no data: URI.
 * @throws {CountenanceError} `COUNTENANCE_IMAGE_TOO_LARGE` for much percent-encoded data.
 */
export function parseDataUri(text: string): DataUri | undefined {
  if (text.slice(0, 5).toLowerCase() !== "data:") return undefined;
  const comma = text.slice(0, MAX_HEAD).indexOf(",");
  if (comma < 0) return undefined;
  const isBase64 = /;\s*base64\s*$/i.test(text.slice(Math.max(5, comma - 32), comma));
  const fragment = text.indexOf("#", comma);
  const payload = text.slice(comma + 1, fragment < 0 ? undefined : fragment);
  if (isBase64) {
    const padding = payload.endsWith("==") ? 2 : payload.endsWith("=") ? 1 : 0;
    const maxSize = Math.floor(((payload.length - padding) * 3) / 4);
    return { maxSize, decode: () => decodeBase64(payload, maxSize) };
  }
  if (payload.length > MAX_PERCENT_ENCODED) {
    throw new CountenanceError(
      "COUNTENANCE_IMAGE_TOO_LARGE",
      `image: expected at most ${String(MAX_PERCENT_ENCODED)} characters of percent-encoded data (send base64), got ${String(payload.length)}`,
    );
  }
  return { maxSize: payload.length, decode: async () => unescaped(payload) };
}

async function decodeBase64(payload: string, maxSize: number): Promise<Uint8Array> {
  const bytes = Buffer.from(new ArrayBuffer(maxSize)); // pages that are not written cost nothing
  let filled = 0;
  let rest = ""; // the last group of four digits so far: only white space may follow its padding
  for (let from = 0; from < payload.length;) {
    const to = sliceEnd(payload, from);
    const digits = rest + digitsOf(payload.slice(from, to));
    const whole = Math.max(0, digits.length - (digits.length % 4 || 4));
    filled += writeDigits(bytes, filled, digits.slice(0, whole));
    rest = digits.slice(whole);
    from = to;
    await new Promise((resolve) => setImmediate(resolve));
  }
  filled += writeDigits(bytes, filled, rest.replace(/={1,2}$/, ""));
  return bytes.subarray(0, filled);
}

/** Where the slice from `from` ends: never inside an escape. */
function sliceEnd(payload: string, from: number): number {
  const end = from + SLICE;
  if (end >= payload.length) return payload.length;
  const escape = payload.slice(end - 2, end).indexOf("%");
  return escape < 0 ? end : end - 2 + escape;
}

function digitsOf(slice: string): string {
  const text = slice.includes("%") ? Buffer.from(unescaped(slice)).toString("latin1") : slice;
  return text.replace(/[\t\n\f\r ]+/g, "");
}

/** @returns How many bytes were written. */
function writeDigits(bytes: Buffer, at: number, digits: string): number {
  const size = Math.floor((digits.length * 3) / 4);
  // Node skips what is no base64: a missing byte tells.
  if (digits.length % 4 === 1 || bytes.write(digits, at, "base64") !== size) {
    throw damaged("base64");
  }
  return size;
}

function unescaped(payload: string): Uint8Array {
  const bytes = new Uint8Array(payload.length);
  let filled = 0;
  for (let i = 0; i < payload.length; i++) {
    const escaped = payload[i] === "%";
    const code = escaped ? hexByte(payload, i + 1) : payload.charCodeAt(i);
    if (code > (escaped ? 0xff : 0x7f)) throw damaged("percent-encoded");
    bytes[filled++] = code;
    if (escaped) i += 2;
  }
  return bytes.subarray(0, filled);
}

/** Two hexadecimal digits, or Infinity. */
function hexByte(text: string, at: number): number {
  const digits = text.slice(at, at + 2);
  return /^[\da-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : Infinity;
}

function damaged(encoding: string): CountenanceError {
  return new CountenanceError(
    "COUNTENANCE_IMAGE_UNREADABLE",
    `image: expected a data: URI with ${encoding} data, got a damaged one`,
  );
}
