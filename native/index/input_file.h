#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace countenance {

/// A regular file that is read from its beginning, and by position.
///
/// Its size is taken once. A file that grows or shrinks meanwhile is read to that size or fails: it
/// is read, not mapped, so that a file cut short by somebody is an error and not a signal.
class InputFile final {
 public:
  /// @throws Error kInvalidArgument for what cannot be opened or is no regular file; kStoreIo.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::uint64_t size() const { return size_; }
  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return size_ - position_; }

  /// The next `count` bytes.
  /// @throws Error kStoreCorrupt when there are fewer; kStoreIo.
  void read(void* data, std::size_t count);
  /// The same from somewhere else; position() stays.
  void readAt(std::uint64_t position, void* data, std::size_t count) const;

  template <typename T>
  T number() {
    T value;
    read(&value, sizeof(T));
    return value;
  }

 private:
  int descriptor_;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace countenance
