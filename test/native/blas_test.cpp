#include "nn/blas.h"

#include <limits>

#include "check.h"

TEST("the product is column-major, of each transposition") {
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

TEST("a transposed right operand and strides wider than the matrix") {
  const float a[] = {1, 2, 9, 3, 4, 9};  // 2 x 2 in columns of 3: rows 1 3 and 2 4
  const float b[] = {5, 6, 9, 7, 8, 9};  // the same, transposed: rows 5 6 and 7 8
  float c[] = {1, 1, 9, 1, 1, 9};
  const int two = 2;
  const int stride = 3;
  const float alpha = 2;
  const float beta = 10;
  sgemm_("N", "T", &two, &two, &two, &alpha, a, &stride, b, &stride, &beta, c, &stride);
  const float expected[] = {2 * 26 + 10, 2 * 38 + 10, 9, 2 * 30 + 10, 2 * 44 + 10, 9};
  for (int i = 0; i < 6; ++i) CHECK(c[i] == expected[i]);
}

TEST("what was in c is not read when beta is 0") {
  const int one = 1;
  const float x = 2;
  const float zero = 0;
  float c = std::numeric_limits<float>::quiet_NaN();
  sgemm_("N", "N", &one, &one, &one, &x, &x, &one, &x, &one, &zero, &c, &one);
  CHECK(c == 8);
}

TEST("nothing is written for an empty result, and no terms scale what was there") {
  const int none = 0;
  const int one = 1;
  const float two = 2;
  float c = 3;
  sgemm_("N", "N", &none, &one, &one, &two, &two, &one, &two, &one, &two, &c, &one);
  CHECK(c == 3);
  sgemm_("N", "N", &one, &one, &none, &two, &two, &one, &two, &one, &two, &c, &one);
  CHECK(c == 6);
}

TEST_MAIN()
