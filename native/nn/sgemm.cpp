#include "nn/sgemm.h"

#include <algorithm>
#include <vector>

#include "core/checked.h"
#include "nn/dot_kernel.h"

namespace countenance {
namespace {

/// Copies the transpose of a rows x cols matrix, tile by tile so that both sides stay in the cache.
std::vector<float> transpose(const float* source, std::size_t stride, std::size_t rows,
                             std::size_t cols) {
  constexpr std::size_t kTile = 16;  // floats in a cache line
  std::vector<float> target(checkedMul(rows, cols));
  for (std::size_t r0 = 0; r0 < rows; r0 += kTile) {
    for (std::size_t c0 = 0; c0 < cols; c0 += kTile) {
      for (std::size_t c = c0; c < std::min(cols, c0 + kTile); ++c) {
        for (std::size_t r = r0; r < std::min(rows, r0 + kTile); ++r) {
          target[c * rows + r] = source[r * stride + c];
        }
      }
    }
  }
  return target;
}

}  // namespace

DotKernel bestDotKernel() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return &dotAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &dotAvx2;
#endif
  return &dotPortable;
}

void sgemm(std::size_t m, std::size_t n, std::size_t k, float alpha, MatrixOperand a,
           MatrixOperand b, float beta, float* c, std::size_t cStride) {
  static const DotKernel kernel = bestDotKernel();
  if (alpha == 0) k = 0;  // what a and b hold, even NaN, must not matter
  DotProducts job{m, n, k, alpha, a.data, a.stride, b.data, b.stride, beta, c, cStride};
  std::vector<float> aRows;
  std::vector<float> bColumns;
  if (a.transposed) {
    aRows = transpose(a.data, a.stride, k, m);
    job.a = aRows.data();
    job.aStride = k;
  }
  if (!b.transposed) {
    bColumns = transpose(b.data, b.stride, k, n);
    job.b = bColumns.data();
    job.bStride = k;
  }
  kernel(job);
}

}  // namespace countenance
