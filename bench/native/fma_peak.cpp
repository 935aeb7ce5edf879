#include "fma_peak.h"

#include <algorithm>
#include <chrono>

#ifdef __x86_64__
#include <immintrin.h>

// GCC 12 reports its own _mm256_undefined_pd() in avx512fintrin.h (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace countenance::bench {
namespace {

// Enough independent sums to hide the latency of any x86 core: 2 units x 5 cycles, and some.
constexpr int kSums = 14;
constexpr int kSteps = 1'000'000;
constexpr int kRounds = 30;

#ifdef __x86_64__
__attribute__((target("avx512f"))) float multiplyAdd512() {
  __m512 sums[kSums];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  const __m512 factor = _mm512_set1_ps(0.5F);
  for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) sums[i] = _mm512_fmadd_ps(sums[i], factor, factor);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  return _mm_cvtss_f32(_mm512_castps512_ps128(sums[0]));
}

__attribute__((target("avx2,fma"))) float multiplyAdd256() {
  __m256 sums[kSums];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  const __m256 factor = _mm256_set1_ps(0.5F);
  for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 16
    for (int i = 0; i < kSums; ++i) sums[i] = _mm256_fmadd_ps(sums[i], factor, factor);
  }
  for (int i = 1; i < kSums; ++i) sums[0] = _mm256_add_ps(sums[0], sums[i]);
  return _mm256_cvtss_f32(sums[0]);
}
#endif

/// The best of some rounds: what disturbs a round only makes it slower.
double gigaflops(float (*round)(), int lanes) {
  double best = 0;
  volatile float result = 0;  // somebody must want it
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    result = round();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2.0 * lanes * kSums * kSteps / took.count());
  }
  static_cast<void>(result);
  return best;
}

}  // namespace

double fmaPeak() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return gigaflops(&multiplyAdd512, 16);
  if (__builtin_cpu_supports("fma")) return gigaflops(&multiplyAdd256, 8);
#endif
  return 0;
}

}  // namespace countenance::bench
