#include "nn/blas.h"

#include <cstddef>

#include "nn/sgemm.h"

int sgemm_(const char* transA, const char* transB, const int* m, const int* n, const int* k,
           const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
           const float* beta, float* c, const int* ldc) {
  if (*m <= 0 || *n <= 0) return 0;
  const auto size = [](int value) { return static_cast<std::size_t>(value); };
  const auto operand = [&size](const float* data, int stride, char flag) {
    return countenance::MatrixOperand{data, size(stride), flag != 'N' && flag != 'n'};
  };
  // The transposes, read row by row: c^T = b^T * a^T.
  countenance::sgemm(size(*n), size(*m), *k > 0 ? size(*k) : 0, *alpha, operand(b, *ldb, *transB),
                     operand(a, *lda, *transA), *beta, c, size(*ldc));
  return 0;
}
