#include "nn/sgemm.h"

#include <cmath>
#include <limits>
#include <random>
#include <thread>
#include <vector>

#include "check.h"
#include "nn/dot_kernel.h"

using namespace countenance;

namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<float> noise(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
  return values;
}

/// A matrix with padding behind each row that must be neither read nor written.
struct Padded {
  std::size_t rows;
  std::size_t cols;
  std::size_t stride;
  std::vector<float> values;

  Padded(std::size_t r, std::size_t c, unsigned seed)
      : rows(r), cols(c), stride(c + 3), values(r * (c + 3), kNaN) {
    const std::vector<float> inner = noise(r * c, seed);
    for (std::size_t i = 0; i < r; ++i) {
      for (std::size_t j = 0; j < c; ++j) values[i * stride + j] = inner[i * c + j];
    }
  }
  float at(std::size_t i, std::size_t j) const { return values[i * stride + j]; }
  float at(std::size_t i, std::size_t j, bool transposed) const {
    return transposed ? at(j, i) : at(i, j);
  }
  bool paddingUntouched() const {
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = cols; j < stride; ++j) {
        if (!std::isnan(values[i * stride + j])) return false;
      }
    }
    return true;
  }
};

void checkProduct(std::size_t m, std::size_t n, std::size_t k, bool transA, bool transB,
                  float alpha, float beta) {
  const Padded a(transA ? k : m, transA ? m : k, 1);
  const Padded b(transB ? n : k, transB ? k : n, 2);
  const Padded before(m, n, 3);
  Padded c = before;
  sgemm(m, n, k, alpha, {a.values.data(), a.stride, transA}, {b.values.data(), b.stride, transB},
        beta, c.values.data(), c.stride);
  CHECK(c.paddingUntouched());
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::size_t p = 0; p < k; ++p) {
        sum += static_cast<double>(a.at(i, p, transA)) * b.at(p, j, transB);
      }
      const double expected = alpha * sum + beta * static_cast<double>(before.at(i, j));
      CHECK(std::abs(c.at(i, j) - expected) <= 1e-6 * (static_cast<double>(k) + 8));
    }
  }
}

std::vector<DotKernel> kernels() {
  std::vector<DotKernel> all = {&dotPortable};
#ifdef __x86_64__
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) all.push_back(&dotAvx2);
  if (avx2 && __builtin_cpu_supports("avx512f")) all.push_back(&dotAvx512);
#endif
  return all;
}

}  // namespace

TEST("every shape and transposition agrees with a product in double precision") {
  for (const std::size_t m : {1, 3, 4, 5, 17, 32}) {
    for (const std::size_t n : {1, 2, 6, 7, 13, 49}) {
      for (const std::size_t k : {1, 7, 8, 16, 31, 147}) {
        for (const bool transA : {false, true}) {
          for (const bool transB : {false, true}) checkProduct(m, n, k, transA, transB, 1, 0);
        }
      }
    }
  }
}

TEST("long and flat shapes agree with a product in double precision") {
  checkProduct(32, 1225, 288, false, true, 1, 0);
  checkProduct(256, 4, 2304, false, true, 1, 0);
  checkProduct(1, 128, 256, false, false, 1, 0);
}

TEST("alpha scales the product and beta what was there") {
  checkProduct(9, 11, 33, false, true, -0.5F, 2.0F);
  checkProduct(9, 11, 33, true, false, 1.5F, 1.0F);
}

TEST("no terms leave beta times what was there") {
  float c[2] = {3, 4};
  sgemm(1, 2, 0, 1, {nullptr, 0, false}, {nullptr, 0, true}, 0.5F, c, 2);
  CHECK(c[0] == 1.5F && c[1] == 2.0F);
  sgemm(1, 2, 0, 1, {nullptr, 0, false}, {nullptr, 0, true}, 0, c, 2);
  CHECK(c[0] == 0 && c[1] == 0);
}

TEST("beta 0 does not read the target, alpha 0 does not read the operands") {
  const float ones[2] = {1, 1};
  const float holes[2] = {kNaN, kNaN};
  float c = kNaN;
  sgemm(1, 1, 2, 1, {ones, 2, false}, {ones, 2, true}, 0, &c, 1);
  CHECK(c == 2);
  sgemm(1, 1, 2, 0, {holes, 2, false}, {holes, 2, true}, 3, &c, 1);
  CHECK(c == 6);
}

TEST("each kernel that this CPU runs agrees with double precision, edges included") {
  for (const DotKernel kernel : kernels()) {
    for (const std::size_t m : {1, 2, 3, 4, 9}) {
      for (std::size_t n = 1; n <= 13; ++n) {
        for (const std::size_t k : {1, 15, 16, 17, 40}) {
          const Padded a(m, k, 4);
          const Padded b(n, k, 5);
          Padded c(m, n, 6);
          kernel({m, n, k, 1, a.values.data(), a.stride, b.values.data(), b.stride, 0,
                  c.values.data(), c.stride});
          CHECK(c.paddingUntouched());
          for (std::size_t i = 0; i < m * n; ++i) {
            double sum = 0;
            for (std::size_t p = 0; p < k; ++p) {
              sum += static_cast<double>(a.at(i / n, p)) * b.at(i % n, p);
            }
            CHECK(std::abs(c.at(i / n, i % n) - sum) <= 1e-5);
          }
        }
      }
    }
  }
}

TEST("an element does not depend on the size of the matrix around it") {
  for (const DotKernel kernel : kernels()) {
    const std::size_t k = 123;
    const std::vector<float> a = noise(9 * k, 7);
    const std::vector<float> b = noise(20 * k, 8);
    std::vector<float> whole(9 * 20);
    kernel({9, 20, k, 1, a.data(), k, b.data(), k, 0, whole.data(), 20});
    for (std::size_t i = 0; i < 9; ++i) {
      for (std::size_t j = 0; j < 20; ++j) {
        float one = 0;
        kernel({1, 1, k, 1, a.data() + i * k, k, b.data() + j * k, k, 0, &one, 1});
        CHECK(one == whole[i * 20 + j]);
      }
    }
  }
}

TEST("threads multiply at the same time") {
  const std::vector<float> a = noise(64 * 100, 9);
  std::vector<std::vector<float>> products(4, std::vector<float>(64 * 64));
  std::vector<std::thread> threads;
  for (std::vector<float>& product : products) {
    threads.emplace_back([&a, &product] {
      sgemm(64, 64, 100, 1, {a.data(), 100, false}, {a.data(), 64, false}, 0, product.data(), 64);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<float>& product : products) CHECK(product == products[0]);
}

TEST_MAIN()
