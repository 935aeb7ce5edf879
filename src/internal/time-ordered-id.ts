import { randomUUID } from "node:crypto";

/**
 * A UUID of version 7 (RFC 9562, section 5.7): it begins with the time in milliseconds. A database
 * adds ids that follow each other to one end of its index, and random ones to a page of it each.
 */
export function timeOrderedId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  // The variant and the random digits are those of version 4.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
