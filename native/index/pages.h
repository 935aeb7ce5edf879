#pragma once

#include <cstddef>

namespace countenance {

/// Owns zeroed pages straight from the system: those never touched take no memory, and those given
/// back leave nothing of a face in the heap.
class Pages final {
 public:
  /// @param huge  Start on a huge page and ask the system for such: a core here reads 26-28 GB/s
  ///   from them and 19-20 from ordinary ones (Zen 4). A page is then taken 2 MiB at a time.
  /// @throws Error kInternal when there is no memory.
  Pages(std::size_t bytes, bool huge);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  std::byte* data_;
};

}  // namespace countenance
