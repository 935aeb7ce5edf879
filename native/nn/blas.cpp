#include "nn/blas.h"

#include <cstddef>

// Plain loops: FAISS needs it to link, for batches of queries that we never give it. Whoever does
// (k-means, an inverted file) should measure it first.
int sgemm_(const char* transA, const char* transB, const int* m, const int* n, const int* k,
           const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
           const float* beta, float* c, const int* ldc) {
  const auto element = [](const float* matrix, int stride, char flag, int row, int column) {
    const bool transposed = flag != 'N' && flag != 'n';
    const auto major = static_cast<std::size_t>(transposed ? row : column);
    const auto minor = static_cast<std::size_t>(transposed ? column : row);
    return matrix[major * static_cast<std::size_t>(stride) + minor];
  };
  for (int column = 0; column < *n; ++column) {
    for (int row = 0; row < *m; ++row) {
      float sum = 0;
      for (int i = 0; i < *k; ++i) {
        sum += element(a, *lda, *transA, row, i) * element(b, *ldb, *transB, i, column);
      }
      float& out = c[static_cast<std::size_t>(column) * static_cast<std::size_t>(*ldc) +
                     static_cast<std::size_t>(row)];
      // As in BLAS, c is not read when beta is 0: it may hold anything.
      out = *alpha * sum + (*beta == 0 ? 0 : *beta * out);
    }
  }
  return 0;
}
