#ifdef __x86_64__

#include <immintrin.h>

#include "index/scan_vectors.h"

namespace countenance {
namespace {

/// The dot product in eight sums. Products of a nibble and a signed byte cannot saturate: a pair is
/// at most 2 * 15 * 127, and the 8 pairs that a lane of 16 bits takes 30,480.
inline __m256i sumsOfRow(const std::uint8_t* row, std::size_t stride, const std::int8_t* query) {
  const __m256i lower = _mm256_set1_epi8(15);
  const auto load = [](const void* at) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(at));
  };
  __m256i sum = _mm256_setzero_si256();
  for (std::size_t at = 0; at < stride; at += kChunkBytes) {
    __m256i pairs = _mm256_setzero_si256();
    for (std::size_t i = 0; i < kChunkBytes; i += 32) {
      const __m256i codes = load(row + at + i);
      const __m256i first = _mm256_and_si256(codes, lower);
      const __m256i second = _mm256_and_si256(_mm256_srli_epi16(codes, 4), lower);
      pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(first, load(query + 2 * at + i)));
      pairs = _mm256_add_epi16(
          pairs, _mm256_maddubs_epi16(second, load(query + 2 * at + kChunkBytes + i)));
    }
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  return sum;
}

std::int32_t dotOfRow(const std::uint8_t* row, std::size_t stride, const std::int8_t* query) {
  const __m256i sums = sumsOfRow(row, stride, query);
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
  return _mm_cvtsi128_si32(sum);
}

void scan(CodeRows rows, const RowMark* marks, std::size_t count, const std::int8_t* query,
          NearTest test, std::uint64_t* near) {
  const __m256 biasFactor = _mm256_set1_ps(test.biasFactor);
  const __m256 errorFactor = _mm256_set1_ps(test.errorFactor);
  const __m256 offset = _mm256_set1_ps(test.offset);
  std::uint64_t word = 0;
  for (std::size_t start = 0; start < count; start += 8) {
    __m256i s[8];
#pragma GCC unroll 8
    for (std::size_t r = 0; r < 8; ++r) {
      s[r] = sumsOfRow(rows.first + (start + r) * rows.stride, rows.stride, query);
    }
    const __m256i four =
        _mm256_hadd_epi32(_mm256_hadd_epi32(s[0], s[1]), _mm256_hadd_epi32(s[2], s[3]));
    const __m256i next =
        _mm256_hadd_epi32(_mm256_hadd_epi32(s[4], s[5]), _mm256_hadd_epi32(s[6], s[7]));
    const __m256i dots = _mm256_add_epi32(_mm256_permute2x128_si256(four, next, 0x20),
                                          _mm256_permute2x128_si256(four, next, 0x31));
    const __m256i mark = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(marks + start));
    const __m256 bias = _mm256_cvtepi32_ps(_mm256_and_si256(mark, _mm256_set1_epi32(0xFFFF)));
    const __m256 error = _mm256_cvtepi32_ps(_mm256_srli_epi32(mark, 16));
    const __m256 least = _mm256_add_ps(_mm256_mul_ps(bias, biasFactor),
                                       _mm256_sub_ps(offset, _mm256_mul_ps(error, errorFactor)));
    const __m256 passed = _mm256_cmp_ps(_mm256_cvtepi32_ps(dots), least, _CMP_GE_OQ);
    word |= static_cast<std::uint64_t>(_mm256_movemask_ps(passed)) << (start % 64);
    if (start % 64 == 56) {
      near[start / 64] = word;
      word = 0;
    }
  }
}

}  // namespace
}  // namespace countenance

#include "index/scan_nibbles.h"

namespace countenance {

const ScanKernels kAvx2Scan = {"AVX2",  &distances, &distancesOf, &add,    &codeRow,
                               &centre, &codeQuery, &scan,        &dotsOf, nullptr};

}  // namespace countenance

#endif
