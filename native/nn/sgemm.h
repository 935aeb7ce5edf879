#pragma once

#include <cstddef>

namespace countenance {

/// A matrix operand as it lies in memory: row-major, `stride` floats from row to row, used as it is
/// or transposed.
struct MatrixOperand {
  const float* data = nullptr;
  std::size_t stride = 0;
  bool transposed = false;
};

/// c = alpha * a * b + beta * c, where a is m x k, b is k x n (after transposition) and c is m x n,
/// row-major with `cStride` floats from row to row.
///
/// As in BLAS, c is not read when beta is 0, and a and b are not read when alpha is 0. Each element
/// is summed in an order that depends on k and the CPU's instruction set alone. Fastest with `b`
/// transposed and `a` not, which is what distances ask for: then nothing is copied. Thread-safe;
/// runs on the calling thread.
void sgemm(std::size_t m, std::size_t n, std::size_t k, float alpha, MatrixOperand a,
           MatrixOperand b, float beta, float* c, std::size_t cStride);

}  // namespace countenance
