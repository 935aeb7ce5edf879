#ifdef __x86_64__

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <utility>

#include "nn/dot_kernel.h"

// GCC 12 reports its own _mm256_undefined_pd() in avx512fintrin.h (GCC bug 105593).
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#define DOT_TARGET __attribute__((target("avx2,fma,avx512f")))

namespace countenance {
namespace {

struct Lanes {
  using V = __m512;
  static constexpr std::size_t kLanes = 16;

  DOT_TARGET static V zero() { return _mm512_setzero_ps(); }
  DOT_TARGET static V load(const float* p) { return _mm512_loadu_ps(p); }
  DOT_TARGET static V loadFirst(const float* p, std::size_t count) {
    return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << count) - 1U), p);
  }
  DOT_TARGET static V fma(V x, V y, V sum) { return _mm512_fmadd_ps(x, y, sum); }
  DOT_TARGET static __m256 halve(V v) {
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
    return _mm256_add_ps(_mm512_castps512_ps256(v), high);
  }
  DOT_TARGET static void sumEach(V v0, V v1, V v2, V v3, float* out) {
    const __m256 pairs01 = _mm256_hadd_ps(halve(v0), halve(v1));
    const __m256 pairs23 = _mm256_hadd_ps(halve(v2), halve(v3));
    const __m256 quads = _mm256_hadd_ps(pairs01, pairs23);
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(quads), _mm256_extractf128_ps(quads, 1)));
  }
};

// 4 x 6 sums, 6 columns and 1 row: 31 of 32 registers, 10 loads for 24 multiplications.
constexpr std::size_t kCols = 6;

#include "nn/dot_tile.inc"

}  // namespace

void dotAvx512(const DotProducts& job) { run(job); }

}  // namespace countenance

#endif
