#pragma once

#include <cstdint>
#include <string>

#include "core/file_error.h"

namespace countenance {

/// Says in a file's header that it is a database of countenance ("coun").
constexpr std::uint32_t kApplicationId = 0x636f756e;

/// Resolves symbolic links, so that one database has one name and one lock.
/// @throws Error kInvalidArgument when there is no such folder, kStoreReadOnly when it may not be
///   entered.
std::string resolveDatabasePath(const std::string& path);

/// The right to use one database file: `<path>-lock`, locked for this handle. The system drops the
/// lock when the process ends, however it ends.
class DatabaseLock final {
 public:
  /// @throws Error kStoreLocked at once when another handle or process has it, and as
  ///   prepareDatabaseFile() when the file cannot be made.
  explicit DatabaseLock(const std::string& databasePath);
  ~DatabaseLock();
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;

 private:
  bool tryLock();

  const std::string path_;
  int descriptor_ = -1;
};

/// Looks at a database file without changing it; makes an empty one, readable by its owner only,
/// when there is none. Call it under the lock and before SQLite opens the file: closing any
/// descriptor of a file drops the POSIX locks that SQLite holds on it in this process.
/// @returns true for a file without content.
/// @throws Error kStoreCorrupt for what is no database, or not ours; kInvalidArgument for what is
/// no
///   file, and for one of several hard links; kStoreReadOnly for a file or folder that may not be
///   read and written; kStoreFull, kStoreIo.
bool prepareDatabaseFile(const std::string& path);

}  // namespace countenance
