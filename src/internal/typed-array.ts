// Typed arrays by their internal slots: `instanceof` fails for an array of another realm (Jest gives
// every test file globals of its own), and a plain property can neither fake the tag nor the length.

const prototype: object = Object.getPrototypeOf(Uint8Array.prototype) as object; // %TypedArray%

export function isUint8Array(value: unknown): value is Uint8Array {
  return accessed(value, Symbol.toStringTag) === "Uint8Array";
}

export function isUint8ClampedArray(value: unknown): value is Uint8ClampedArray {
  return accessed(value, Symbol.toStringTag) === "Uint8ClampedArray";
}

export function isFloat32Array(value: unknown): value is Float32Array {
  return accessed(value, Symbol.toStringTag) === "Float32Array";
}

/** The true number of elements, whatever the array's own property `length` says. */
export function lengthOf(array: Uint8Array | Uint8ClampedArray | Float32Array): number {
  return accessed(array, "length") as number; // by the specification
}

/** What the accessor of the language itself gives; a value that is no typed array has no tag. */
function accessed(value: unknown, name: PropertyKey): unknown {
  return Reflect.getOwnPropertyDescriptor(prototype, name)?.get?.call(value);
}
