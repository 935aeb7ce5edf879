#pragma once

#include <cstddef>
#include <vector>

namespace countenance::nn {

/// Owns floats that start on a cache line, zero at first.
class AlignedFloats final {
 public:
  explicit AlignedFloats(std::size_t count = 0)
      : size_(count), lines_((count + kPerLine - 1) / kPerLine) {}

  float* data() { return reinterpret_cast<float*>(lines_.data()); }
  const float* data() const { return reinterpret_cast<const float*>(lines_.data()); }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kPerLine = 16;
  struct alignas(kPerLine * sizeof(float)) Line {
    float values[kPerLine] = {};
  };
  std::size_t size_;
  std::vector<Line> lines_;
};

}  // namespace countenance::nn
