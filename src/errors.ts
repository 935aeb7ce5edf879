/**
 * Every way in which countenance fails. Codes are API: they never change meaning. Messages may
 * improve; they say what was expected and what came, and never hold pixels, vectors or names.
 */
export const ERROR_CODES = [
  /** An argument has the wrong type, range or combination. */
  "COUNTENANCE_INVALID_ARGUMENT",
  /** The bytes are not a picture of a supported format, or they are damaged. */
  "COUNTENANCE_IMAGE_UNREADABLE",
  /** The picture has more bytes or pixels than the engine's limits allow. */
  "COUNTENANCE_IMAGE_TOO_LARGE",
  /** The bytes are not a video of a supported format, or they are damaged or truncated. */
  "COUNTENANCE_VIDEO_UNREADABLE",
  /** The video has more bytes, playing time or frames than the limits allow. */
  "COUNTENANCE_VIDEO_TOO_LONG",
  /** ffmpeg, which decodes video files, is not there or cannot be started. */
  "COUNTENANCE_VIDEO_DECODER_MISSING",
  /** No face was found where exactly one, or at least one, is needed. */
  "COUNTENANCE_NO_FACE",
  /** More than one face was found where exactly one is needed. */
  "COUNTENANCE_MULTIPLE_FACES",
  /** A face is unlike the other faces of the same subject. */
  "COUNTENANCE_FACE_MISMATCH",
  /** A challenge was judged before, here or on another server: make a new one. */
  "COUNTENANCE_CHALLENGE_USED",
  /** A video does not show one living person in one take; `NotLiveError` has the reasons. */
  "COUNTENANCE_NOT_LIVE",
  /** `register` was called for an id that exists, without `ifExists`. */
  "COUNTENANCE_SUBJECT_EXISTS",
  "COUNTENANCE_SUBJECT_NOT_FOUND",
  "COUNTENANCE_GALLERY_EXISTS",
  "COUNTENANCE_GALLERY_NOT_FOUND",
  /** Templates of different models or pipelines cannot be compared. */
  "COUNTENANCE_MODEL_MISMATCH",
  /** A model file is not there; the message names the command that makes it. */
  "COUNTENANCE_MODEL_MISSING",
  /** A model file has another hash than the manifest says, or is truncated. */
  "COUNTENANCE_MODEL_CORRUPT",
  /** The engine was closed before or during the call. */
  "COUNTENANCE_ENGINE_CLOSED",
  /** The store was closed before or during the call. */
  "COUNTENANCE_STORE_CLOSED",
  /** The database file is damaged, or it is no countenance database. */
  "COUNTENANCE_STORE_CORRUPT",
  /** Another process, or another open handle, owns the database file. */
  "COUNTENANCE_STORE_LOCKED",
  /**
   * No room left on the store's disk, or a quota is used up. Nothing is lost or half-written, and
   * the store works on once there is room.
   */
  "COUNTENANCE_STORE_FULL",
  /** The store's file, its folder or its file system may not be written. */
  "COUNTENANCE_STORE_READ_ONLY",
  /**
   * The system failed to read or write the store's file. What was acknowledged is not lost and
   * nothing is half-written; a write that failed when the disk refused to sync may turn up whole when
   * the store is opened again.
   */
  "COUNTENANCE_STORE_IO",
  /** What was asked for is not supported, such as an http URL. */
  "COUNTENANCE_UNSUPPORTED",
  /** More work is waiting than the queue limit allows: answer 503 and retry later. */
  "COUNTENANCE_BUSY",
  /** The call's AbortSignal fired, or its owner was closed while it ran. */
  "COUNTENANCE_ABORTED",
  /** The native addon could not be loaded on this platform. */
  "COUNTENANCE_NATIVE_UNAVAILABLE",
  /** A defect in countenance, or the system failed under it (out of memory). */
  "COUNTENANCE_INTERNAL",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** The one error class that countenance throws; tell failures apart by `code`. */
export class CountenanceError extends Error {
  override readonly name: string = "CountenanceError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The call was cancelled. `cause` is the signal's reason. */
export class AbortedError extends CountenanceError {
  override readonly name: string = "AbortedError";

  constructor(reason?: unknown) {
    super("COUNTENANCE_ABORTED", "the operation was aborted", { cause: reason });
  }
}
