import { AbortedError, CountenanceError, ERROR_CODES, type ErrorCode } from "../errors.js";
import type { NativeTask } from "./native.js";

/** Awaits native work; the signal cancels it. Listeners never outlive the call. */
export async function settle<T>(start: () => NativeTask<T>, signal?: AbortSignal): Promise<T> {
  if (signal?.aborted) throw new AbortedError(signal.reason);
  let task: NativeTask<T>;
  try {
    task = start();
  } catch (error) {
    throw fromNative(error, signal);
  }
  const onAbort = () => task.cancel();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await task.done;
  } catch (error) {
    throw fromNative(error, signal);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/**
 * Wraps an error of the addon once, so that callers see one class with a stable code. It is judged
 * by its properties: the addon's errors may be of another realm, as under Jest.
 */
export function fromNative(error: unknown, signal?: AbortSignal): CountenanceError {
  if (error instanceof CountenanceError) return error;
  const { code, message: text } = Object(error) as { code?: unknown; message?: unknown };
  if (code === "COUNTENANCE_ABORTED") return new AbortedError(signal?.reason);
  const message = typeof text === "string" ? text : "the native addon failed";
  return isErrorCode(code)
    ? new CountenanceError(code, message, { cause: error })
    : new CountenanceError("COUNTENANCE_INTERNAL", message, { cause: error });
}

function isErrorCode(code: unknown): code is ErrorCode {
  return (ERROR_CODES as readonly unknown[]).includes(code);
}
