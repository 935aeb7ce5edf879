import { refuse } from "./refuse.js";

/** Wire types of protocol buffers; groups (3, 4) are not used by anything that we read. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Far above every message that we read: a field of two bytes shall not cost a hundred of ours. */
const MAX_FIELDS = 100_000;
const MAX_INTEGERS = 65_536;

/** One field of a message. It borrows the file's bytes; asking for another wire type refuses. */
export class ProtobufField {
  readonly number: number;
  readonly #wire: number;
  readonly #payload: Uint8Array;

  constructor(number: number, wire: number, payload: Uint8Array) {
    this.number = number;
    this.#wire = wire;
    this.#payload = payload;
  }

  integer(): number {
    return exact(varint(this.#of(VARINT), 0).value);
  }

  bytes(): Uint8Array {
    return this.#of(BYTES);
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  message(): ProtobufField[] {
    return readProtobuf(this.bytes());
  }

  float(): number {
    return viewOf(this.#of(FIXED32)).getFloat32(0, true);
  }

  /** A repeated integer is packed into bytes, or one of many fields of the same number. */
  integers(): number[] {
    if (this.#wire !== BYTES) return [this.integer()];
    const values: number[] = [];
    for (let at = 0; at < this.#payload.length;) {
      const { value, end } = varint(this.#payload, at);
      if (values.push(exact(value)) > MAX_INTEGERS) refuse("too many integers");
      at = end;
    }
    return values;
  }

  /** As integers(), for floats. */
  floats(): number[] {
    if (this.#wire !== BYTES) return [this.float()];
    if (this.#payload.length % 4 !== 0) refuse("packed floats of a broken length");
    const view = viewOf(this.#payload);
    return Array.from({ length: this.#payload.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }

  #of(wire: number): Uint8Array {
    if (this.#wire !== wire) refuse(`field ${String(this.number)} has another wire type`);
    return this.#payload;
  }
}

/** The fields of a message, in the order of the file. Their number is bounded by the bytes. */
export function readProtobuf(bytes: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = varint(bytes, at);
    const key = exact(tag.value);
    const wire = key & 7;
    let begin = tag.end;
    let end: number;
    if (wire === VARINT) end = varint(bytes, begin).end;
    else if (wire === FIXED64) end = begin + 8;
    else if (wire === FIXED32) end = begin + 4;
    else if (wire === BYTES) {
      const length = varint(bytes, begin);
      begin = length.end;
      end = begin + exact(length.value);
    } else refuse(`unknown wire type ${String(wire)}`);
    if (key < 8 || !(end >= begin && end <= bytes.length)) refuse("it ends too early");
    const field = new ProtobufField(Math.floor(key / 8), wire, bytes.subarray(begin, end));
    if (fields.push(field) > MAX_FIELDS) refuse("too many fields");
    at = end;
  }
  return fields;
}

function varint(bytes: Uint8Array, at: number): { value: bigint; end: number } {
  let value = 0n;
  for (let i = 0; i < 10; ++i) {
    const byte = bytes[at + i] ?? refuse("it ends too early");
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return { value: BigInt.asIntN(64, value), end: at + i + 1 };
  }
  return refuse("an integer of more than 64 bits");
}

function exact(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : refuse("an integer above 2^53");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
