#ifdef __x86_64__

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <utility>

#include "nn/dot_kernel.h"

#define DOT_TARGET __attribute__((target("avx2,fma")))

namespace countenance {
namespace {

struct Lanes {
  using V = __m256;
  static constexpr std::size_t kLanes = 8;

  DOT_TARGET static V zero() { return _mm256_setzero_ps(); }
  DOT_TARGET static V load(const float* p) { return _mm256_loadu_ps(p); }
  DOT_TARGET static V loadFirst(const float* p, std::size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_maskload_ps(p,
                              _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane));
  }
  DOT_TARGET static V fma(V x, V y, V sum) { return _mm256_fmadd_ps(x, y, sum); }
  DOT_TARGET static void sumEach(V v0, V v1, V v2, V v3, float* out) {
    const __m256 quads = _mm256_hadd_ps(_mm256_hadd_ps(v0, v1), _mm256_hadd_ps(v2, v3));
    _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(quads), _mm256_extractf128_ps(quads, 1)));
  }
};

// 4 x 3 sums, 3 columns and 1 row: all 16 registers.
constexpr std::size_t kCols = 3;

#include "nn/dot_tile.inc"

}  // namespace

void dotAvx2(const DotProducts& job) { run(job); }

}  // namespace countenance

#endif
