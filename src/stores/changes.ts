import type { Effect } from "./plan.js";
import type { Change } from "./store.js";

/**
 * What a transaction tells to those that follow the store: for each subject and gallery whether it
 * is still there in the end.
 */
export function changesOf(effects: readonly Effect[], sequence: number): readonly Change[] {
  const subjects = new Map<string, "subject-changed" | "subject-deleted">();
  const galleries = new Map<string, "gallery-changed" | "gallery-deleted">();
  for (const effect of effects) {
    switch (effect.kind) {
      case "insert-subject":
        subjects.set(effect.subject.id, "subject-changed");
        break;
      case "insert-face":
        subjects.set(effect.face.subjectId, "subject-changed");
        break;
      case "set-metadata":
      case "delete-face":
      case "insert-member":
      case "delete-member":
        subjects.set(effect.subjectId, "subject-changed");
        break;
      case "delete-subject":
        subjects.set(effect.subjectId, "subject-deleted");
        break;
      case "insert-gallery":
        galleries.set(effect.galleryId, "gallery-changed");
        break;
      case "delete-gallery":
        galleries.set(effect.galleryId, "gallery-deleted");
    }
  }
  return [
    ...Array.from(galleries, ([galleryId, kind]): Change => ({ sequence, kind, galleryId })),
    ...Array.from(subjects, ([subjectId, kind]): Change => ({ sequence, kind, subjectId })),
  ];
}
