import { invalidArgument, plainOptions } from "../internal/validate.js";

/**
 * What a frame of the caller's holds. Its picture is yet to be checked.
 * @param lastMs  Time of the frame before it; -Infinity for the first one. Any clock may count.
 * @throws {CountenanceError} `COUNTENANCE_INVALID_ARGUMENT`.
 */
export function frameFields(
  frame: unknown,
  lastMs: number,
): { readonly image: unknown; readonly timestampMs: number } {
  const { image, timestampMs } = plainOptions("frame", frame, ["image", "timestampMs"]);
  if (typeof timestampMs === "number" && Number.isFinite(timestampMs) && timestampMs > lastMs) {
    return { image, timestampMs };
  }
  throw invalidArgument("frame.timestampMs", "finite milliseconds that increase", timestampMs);
}
