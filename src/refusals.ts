import { CountenanceError } from "./errors.js";
import type { Refusal } from "./stores/store.js";

/** The public error for what a store refused. */
export function refusalError(reason: Refusal): CountenanceError {
  switch (reason) {
    case "subject-exists":
      return new CountenanceError(
        "COUNTENANCE_SUBJECT_EXISTS",
        'the subject is registered already; pass ifExists: "add" or "replace" to change it',
      );
    case "subject-missing":
      return new CountenanceError(
        "COUNTENANCE_SUBJECT_NOT_FOUND",
        "expected the id of a registered subject, got one that is not registered",
      );
    case "gallery-exists":
      return new CountenanceError("COUNTENANCE_GALLERY_EXISTS", "the gallery exists already");
    case "gallery-missing":
      return new CountenanceError(
        "COUNTENANCE_GALLERY_NOT_FOUND",
        "expected the id of a gallery, got one that does not exist",
      );
    case "last-face":
      return new CountenanceError(
        "COUNTENANCE_INVALID_ARGUMENT",
        "faceId: expected a face that is not the subject's last one; delete the subject instead",
      );
    case "face-missing":
    case "subject-changed":
      // Callers handle these two themselves: by an answer, and by looking again.
      return new CountenanceError("COUNTENANCE_INTERNAL", `the store refused: ${reason}`);
  }
}
