#pragma once

#include <cstddef>

namespace countenance {

/// Floats of a row in memory: whole groups of kDistanceLanes, the rest zeros.
constexpr std::size_t kDistanceLanes = 16;
constexpr std::size_t paddedDimension(std::size_t dimension) {
  return (dimension + kDistanceLanes - 1) / kDistanceLanes * kDistanceLanes;
}

/// The squared Euclidean distance of two rows, [padded] each. This function defines it to the last
/// bit, for every CPU: element i is subtracted, squared and added to sum i % 16, in ascending
/// order, each operation rounded to f32 by itself; then sum j takes sum j + 8, + 4, + 2, + 1. A
/// square that is too large makes it +inf. Nothing in it is ever NaN for finite rows.
inline float squaredDistance(const float* a, const float* b, std::size_t padded) {
  float sums[kDistanceLanes] = {};
  for (std::size_t i = 0; i < padded; i += kDistanceLanes) {
    for (std::size_t j = 0; j < kDistanceLanes; ++j) {
      const float difference = a[i + j] - b[i + j];
      sums[j] += difference * difference;
    }
  }
  for (std::size_t width = kDistanceLanes / 2; width > 0; width /= 2) {
    for (std::size_t j = 0; j < width; ++j) sums[j] += sums[j + width];
  }
  return sums[0];
}

}  // namespace countenance
