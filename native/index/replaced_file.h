#pragma once

#include <cstddef>
#include <string>

namespace countenance {

/// A file that takes the place of another one once it is whole and on the disk. Until then, and if
/// anything fails, the other one stays as it is.
///
/// It is written beside the other one as `<name>.saving`, readable by its owner only. A process
/// that is killed may leave that behind; the next one to save there overwrites it.
class ReplacedFile final {
 public:
  /// @param path  Of the file to replace, which need not exist; through a symbolic link.
  /// @throws Error kInvalidArgument for a path that cannot be used, kStoreLocked while somebody
  /// else
  ///   replaces the same file, kStoreFull, kStoreReadOnly, kStoreIo.
  explicit ReplacedFile(const std::string& path);
  /// Removes what was not committed.
  ~ReplacedFile();
  ReplacedFile(const ReplacedFile&) = delete;
  ReplacedFile& operator=(const ReplacedFile&) = delete;

  /// @throws Error kStoreFull, kStoreIo.
  void write(const void* data, std::size_t count);
  /// Waits for the disk, then renames, then waits for the disk again.
  void commit();

 private:
  bool tryOpen();

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

}  // namespace countenance
