// Compiled for the machine that it runs on (CMakeLists.txt): a measure of the machine, not of us.
#include "read_bandwidth.h"

#include <array>

namespace countenance::bench {

std::uint64_t readOnce(const std::uint64_t* memory, std::size_t words) {
  constexpr std::size_t kSums = 64;  // eight lines at a time
  std::array<std::uint64_t, kSums> sums{};
  for (std::size_t i = 0; i < words; i += kSums) {
    for (std::size_t j = 0; j < kSums; ++j) sums[j] += memory[i + j];
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t one : sums) sum += one;
  return sum;
}

void squaredDistances(const float* query, const float* rows, std::size_t count,
                      std::size_t dimension, float* squared) {
  constexpr std::size_t kSums = 64;
  for (std::size_t row = 0; row < count; ++row, rows += dimension) {
    std::array<float, kSums> sums{};
    for (std::size_t i = 0; i < dimension; i += kSums) {
      for (std::size_t j = 0; j < kSums; ++j) {
        const float difference = query[i + j] - rows[i + j];
        sums[j] += difference * difference;
      }
    }
    float sum = 0;
    for (const float one : sums) sum += one;
    squared[row] = sum;
  }
}

}  // namespace countenance::bench
