#pragma once

#include <string>

#include "core/cancel.h"

namespace countenance {

struct BackupOptions {
  bool overwrite = false;  ///< Whether a file that is there may be replaced.
};

/// Copies a database as it is at one moment into a new file, while others read and write it.
///
/// The copy has live content only, and is readable by its owner only. It is made under another
/// name, checked, brought to the disk and then renamed: `target` is the whole copy or what it was
/// before.
/// @param source  A resolved path of a database with a write-ahead log.
/// @throws Error kInvalidArgument for a target that is there, or has the log of a database beside
///   it; kStoreLocked for one that is in use; kAborted soon after `cancel` fires; kStoreCorrupt,
///   kStoreFull, kStoreReadOnly, kStoreIo. Nothing is left behind then.
void backUp(const std::string& source, const std::string& target, const BackupOptions& options,
            const CancelToken& cancel);

}  // namespace countenance
