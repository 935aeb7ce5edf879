#include "nn/blas.h"

#include <cmath>
#include <random>
#include <vector>

#include "check.h"

namespace blas = countenance::blas;

namespace {

std::vector<double> noise(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<double> values(count);
  for (double& value : values) value = static_cast<double>(random() % 201) / 100.0 - 1.0;
  return values;
}

std::vector<float> narrowed(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

/// Where element i, j of an operand lies: transposed and column-major undo each other.
std::size_t at(int order, int trans, int ld, int i, int j) {
  const bool alongRows = (order == blas::kRowMajor) == (trans == blas::kNoTrans);
  return static_cast<std::size_t>(alongRows ? i * ld + j : j * ld + i);
}

/// The leading dimension of a rows x cols operand that is stored without padding.
int leading(int order, int trans, int rows, int cols) {
  return (order == blas::kRowMajor) == (trans == blas::kNoTrans) ? cols : rows;
}

}  // namespace

TEST("gemm agrees with its definition in both orders and all transpositions") {
  const int m = 5;
  const int n = 7;
  const int k = 6;
  const std::vector<double> a = noise(m * k, 1);
  const std::vector<double> b = noise(k * n, 2);
  const std::vector<double> before = noise(m * n, 3);
  for (const int order : {blas::kRowMajor, blas::kColMajor}) {
    for (const int transA : {blas::kNoTrans, blas::kTrans, blas::kConjTrans}) {
      for (const int transB : {blas::kNoTrans, blas::kTrans}) {
        const int lda = leading(order, transA, m, k);
        const int ldb = leading(order, transB, k, n);
        const int ldc = leading(order, blas::kNoTrans, m, n);
        std::vector<double> wide = before;
        std::vector<float> narrow = narrowed(before);
        cblas_dgemm(order, transA, transB, m, n, k, 0.5, a.data(), lda, b.data(), ldb, 2.0,
                    wide.data(), ldc);
        cblas_sgemm(order, transA, transB, m, n, k, 0.5F, narrowed(a).data(), lda,
                    narrowed(b).data(), ldb, 2.0F, narrow.data(), ldc);
        for (int i = 0; i < m; ++i) {
          for (int j = 0; j < n; ++j) {
            const std::size_t c = at(order, blas::kNoTrans, ldc, i, j);
            double expected = 2.0 * before[c];
            for (int p = 0; p < k; ++p) {
              expected += 0.5 * a[at(order, transA, lda, i, p)] * b[at(order, transB, ldb, p, j)];
            }
            CHECK(std::abs(wide[c] - expected) <= 1e-12);
            CHECK(std::abs(narrow[c] - expected) <= 1e-5);
          }
        }
      }
    }
  }
}

TEST("the Fortran entry is the column-major product") {
  const float a[] = {1, 2, 3, 4, 5, 6};  // 2 x 3 by columns: rows 1 3 5 and 2 4 6
  const float b[] = {1, 0, 1};
  float c[2] = {0, 0};
  const int m = 2;
  const int n = 1;
  const int k = 3;
  const float one = 1;
  const float zero = 0;
  sgemm_("N", "n", &m, &n, &k, &one, a, &m, b, &k, &zero, c, &m);
  CHECK(c[0] == 6 && c[1] == 8);
  const float d[] = {1, 1};
  float e[3] = {0, 0, 0};
  sgemm_("T", "N", &k, &n, &m, &one, a, &m, d, &m, &zero, e, &k);
  CHECK(e[0] == 3 && e[1] == 7 && e[2] == 11);
}

TEST("trsm solves for every side, triangle, transposition and diagonal") {
  const int m = 4;
  const int n = 3;
  for (const int order : {blas::kRowMajor, blas::kColMajor}) {
    for (const int side : {blas::kLeft, blas::kRight}) {
      for (const int uplo : {blas::kUpper, blas::kLower}) {
        for (const int trans : {blas::kNoTrans, blas::kTrans}) {
          for (const int diag : {blas::kNonUnit, blas::kUnit}) {
            const int size = side == blas::kLeft ? m : n;
            const int ldb = leading(order, blas::kNoTrans, m, n);
            std::vector<float> a = narrowed(noise(static_cast<std::size_t>(size * size), 4));
            for (int i = 0; i < size; ++i) {
              a[at(order, blas::kNoTrans, size, i, i)] = 2.0F + static_cast<float>(i);
            }
            const std::vector<float> b = narrowed(noise(m * n, 5));
            std::vector<float> x = b;
            cblas_strsm(order, side, uplo, trans, diag, m, n, 0.5F, a.data(), size, x.data(), ldb);

            // The triangle that was meant: zero on the other side, one on a unit diagonal.
            const auto triangle = [&](int i, int j) -> double {
              const int row = trans == blas::kNoTrans ? i : j;
              const int col = trans == blas::kNoTrans ? j : i;
              if (row == col && diag == blas::kUnit) return 1;
              if (uplo == blas::kLower ? col > row : col < row) return 0;
              return a[at(order, blas::kNoTrans, size, row, col)];
            };
            const auto solved = [&](int i, int j) -> double {
              return x[at(order, blas::kNoTrans, ldb, i, j)];
            };
            for (int i = 0; i < m; ++i) {
              for (int j = 0; j < n; ++j) {
                double sum = 0;
                for (int p = 0; p < size; ++p) {
                  sum += side == blas::kLeft ? triangle(i, p) * solved(p, j)
                                             : solved(i, p) * triangle(p, j);
                }
                CHECK(std::abs(sum - 0.5 * b[at(order, blas::kNoTrans, ldb, i, j)]) <= 1e-5);
              }
            }
          }
        }
      }
    }
  }
}

TEST("axpy and scal step through their vectors, backwards too") {
  const float x[] = {1, 2, 3};
  float y[] = {10, 0, 20, 0, 30};
  cblas_saxpy(3, 2, x, -1, y, 2);
  CHECK(y[0] == 16 && y[2] == 24 && y[4] == 32 && y[1] == 0);
  cblas_saxpy(0, 2, x, -1, y, 2);
  cblas_sscal(2, 0.5F, y, 4);
  CHECK(y[0] == 8 && y[4] == 16 && y[2] == 24);
}

TEST_MAIN()
