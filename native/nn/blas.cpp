#include "nn/blas.h"

#include <cstddef>
#include <utility>

#include "nn/sgemm.h"

namespace countenance::blas {
namespace {

using std::ptrdiff_t;

/// One element of a matrix or vector of any layout: base[i * row + j * col].
template <typename T>
struct Strided {
  T* base;
  ptrdiff_t row;
  ptrdiff_t col;

  T& at(ptrdiff_t i, ptrdiff_t j) const { return base[i * row + j * col]; }
  Strided flipped() const { return {base, col, row}; }
};

template <typename T>
Strided<T> strided(T* base, int order, int trans, int ld) {
  const Strided<T> plain = order == kRowMajor ? Strided<T>{base, ld, 1} : Strided<T>{base, 1, ld};
  return trans == kNoTrans ? plain : plain.flipped();
}

/// BLAS walks a vector of negative increment from its far end.
template <typename T>
T* firstOf(T* x, int n, int inc) {
  return inc >= 0 ? x : x - static_cast<ptrdiff_t>(n - 1) * inc;
}

/// Solves a * x = alpha * b in place of b; a is triangular, m x m, b is m x n.
void solveTriangular(ptrdiff_t m, ptrdiff_t n, bool lower, bool unit, float alpha,
                     Strided<const float> a, Strided<float> b) {
  for (ptrdiff_t j = 0; j < n; ++j) {
    for (ptrdiff_t step = 0; step < m; ++step) {
      const ptrdiff_t i = lower ? step : m - 1 - step;
      float rest = alpha * b.at(i, j);
      for (ptrdiff_t done = 0; done < step; ++done) {
        const ptrdiff_t p = lower ? done : m - 1 - done;
        rest -= a.at(i, p) * b.at(p, j);
      }
      b.at(i, j) = unit ? rest : rest / a.at(i, i);
    }
  }
}

}  // namespace
}  // namespace countenance::blas

namespace blas = countenance::blas;

void cblas_sgemm(int order, int transA, int transB, int m, int n, int k, float alpha,
                 const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc) {
  if (order == blas::kColMajor) {  // the transposes, read row by row: c^T = b^T * a^T
    std::swap(transA, transB);
    std::swap(m, n);
    std::swap(a, b);
    std::swap(lda, ldb);
  }
  const auto size = [](int value) { return static_cast<std::size_t>(value); };
  if (m <= 0 || n <= 0) return;
  countenance::sgemm(size(m), size(n), k > 0 ? size(k) : 0, alpha,
                     {a, size(lda), transA != blas::kNoTrans},
                     {b, size(ldb), transB != blas::kNoTrans}, beta, c, size(ldc));
}

int sgemm_(const char* transA, const char* transB, const int* m, const int* n, const int* k,
           const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
           const float* beta, float* c, const int* ldc) {
  const auto trans = [](const char* flag) {
    return *flag == 'N' || *flag == 'n' ? blas::kNoTrans : blas::kTrans;
  };
  cblas_sgemm(blas::kColMajor, trans(transA), trans(transB), *m, *n, *k, *alpha, a, *lda, b, *ldb,
              *beta, c, *ldc);
  return 0;
}

void cblas_dgemm(int order, int transA, int transB, int m, int n, int k, double alpha,
                 const double* a, int lda, const double* b, int ldb, double beta, double* c,
                 int ldc) {
  const auto left = blas::strided(a, order, transA, lda);
  const auto right = blas::strided(b, order, transB, ldb);
  const auto target = blas::strided(c, order, blas::kNoTrans, ldc);
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int p = 0; p < k && alpha != 0; ++p) sum += left.at(i, p) * right.at(p, j);
      double& out = target.at(i, j);
      out = beta == 0 ? alpha * sum : alpha * sum + beta * out;
    }
  }
}

void cblas_strsm(int order, int side, int uplo, int transA, int diag, int m, int n, float alpha,
                 const float* a, int lda, float* b, int ldb) {
  auto triangle = blas::strided(a, order, transA, lda);
  auto right = blas::strided(b, order, blas::kNoTrans, ldb);
  bool lower = (uplo == blas::kLower) == (transA == blas::kNoTrans);
  if (side == blas::kRight) {  // x * a = b is the transpose of a^T * x^T = b^T
    triangle = triangle.flipped();
    right = right.flipped();
    lower = !lower;
    std::swap(m, n);
  }
  blas::solveTriangular(m, n, lower, diag == blas::kUnit, alpha, triangle, right);
}

void cblas_saxpy(int n, float alpha, const float* x, int incX, float* y, int incY) {
  if (n <= 0) return;
  x = blas::firstOf(x, n, incX);
  y = blas::firstOf(y, n, incY);
  for (std::ptrdiff_t i = 0; i < n; ++i) y[i * incY] += alpha * x[i * incX];
}

void cblas_sscal(int n, float alpha, float* x, int incX) {
  for (std::ptrdiff_t i = 0; i < n; ++i) x[i * incX] *= alpha;
}
