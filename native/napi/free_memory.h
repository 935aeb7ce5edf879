#pragma once

namespace countenance {

/// Gives memory that was freed back to the system: glibc keeps it, so that a process whose engines
/// are closed would look as if they were not. Called where much was freed at once; it takes some
/// milliseconds. Nothing where there is no glibc.
void giveFreeMemoryBack();

}  // namespace countenance
