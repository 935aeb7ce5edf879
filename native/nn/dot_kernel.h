#pragma once

#include <cstddef>

namespace countenance {

/// c[i][j] = alpha * dot(row i of a, row j of b) + beta * c[i][j]; rows have k floats.
struct DotProducts {
  std::size_t m = 0;
  std::size_t n = 0;
  std::size_t k = 0;
  float alpha = 1;
  const float* a = nullptr;
  std::size_t aStride = 0;
  const float* b = nullptr;
  std::size_t bStride = 0;
  float beta = 0;  ///< 0: c is not read.
  float* c = nullptr;
  std::size_t cStride = 0;
};

using DotKernel = void (*)(const DotProducts&);

void dotPortable(const DotProducts& job);
#ifdef __x86_64__
/// Needs AVX2 and FMA.
void dotAvx2(const DotProducts& job);
/// Needs AVX-512F besides.
void dotAvx512(const DotProducts& job);
#endif

/// The fastest kernel for the CPU that we run on.
DotKernel bestDotKernel();

}  // namespace countenance
