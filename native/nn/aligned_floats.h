#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace countenance::nn {

/// Owns numbers that start on a cache line, zero at first.
template <typename T>
class AlignedArray final {
 public:
  explicit AlignedArray(std::size_t count = 0)
      : size_(count), lines_((count * sizeof(T) + kLineBytes - 1) / kLineBytes) {}

  T* data() { return reinterpret_cast<T*>(lines_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(lines_.data()); }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kLineBytes = 64;
  struct alignas(kLineBytes) Line {
    unsigned char bytes[kLineBytes] = {};  // bytes, as they may be read and written as any type
  };
  std::size_t size_;
  std::vector<Line> lines_;
};

using AlignedFloats = AlignedArray<float>;
using AlignedBytes = AlignedArray<std::uint8_t>;

}  // namespace countenance::nn
