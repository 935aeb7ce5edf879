#ifdef __x86_64__

#include <immintrin.h>

#include "index/scan_vectors.h"

namespace countenance {
namespace {

/// A row's chunk of 64 bytes as two vectors of 64 nibbles.
struct Chunk {
  __m512i first;
  __m512i second;
};

inline __m512i load(const void* at) { return _mm512_loadu_si512(at); }

inline Chunk chunkOf(const std::uint8_t* codes) {
  const __m512i lower = _mm512_set1_epi8(15);
  const __m512i both = load(codes);
  return {_mm512_and_si512(both, lower), _mm512_and_si512(_mm512_srli_epi16(both, 4), lower)};
}

/// The dot product in sixteen sums. Always inlined, as for 128 dimensions, where the stride is
/// constant, the query then stays in registers.
[[gnu::always_inline]] inline __m512i sumsOfRow(const std::uint8_t* row, std::size_t stride,
                                                const std::int8_t* query) {
  __m512i sum = _mm512_setzero_si512();
#pragma GCC unroll 1
  for (std::size_t at = 0; at < stride; at += kChunkBytes) {
    const Chunk chunk = chunkOf(row + at);
    sum = _mm512_dpbusd_epi32(sum, chunk.first, load(query + 2 * at));
    sum = _mm512_dpbusd_epi32(sum, chunk.second, load(query + 2 * at + kChunkBytes));
  }
  return sum;
}

std::int32_t dotOfRow(const std::uint8_t* row, std::size_t stride, const std::int8_t* query) {
  return _mm512_reduce_add_epi32(sumsOfRow(row, stride, query));
}

inline __m512i addPairs(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

/// The sums of four rows: lane i of each quarter belongs to row i.
inline __m512i addFour(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = addPairs(a, b);
  const __m512i cd = addPairs(c, d);
  return _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
}

inline __m512i addQuarters(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
}

[[gnu::always_inline]] inline void scanRows(CodeRows rows, const RowMark* marks, std::size_t count,
                                            const std::int8_t* query, NearTest test,
                                            std::uint64_t* near) {
  const __m512 biasFactor = _mm512_set1_ps(test.biasFactor);
  const __m512 errorFactor = _mm512_set1_ps(test.errorFactor);
  const __m512 offset = _mm512_set1_ps(test.offset);
  std::uint64_t word = 0;
  for (std::size_t start = 0; start < count; start += 16) {
    __m512i sums[16];
    // One loop that reads all rows: with a copy of it for each row, the CPU did not see that they
    // follow one another (Zen 4: 128 dimensions 2.9 ms a million rows instead of 2.4, 512
    // dimensions 11 GB/s instead of 37).
#pragma GCC unroll 1
    for (std::size_t r = 0; r < 16; ++r) {
      sums[r] = sumsOfRow(rows.first + (start + r) * rows.stride, rows.stride, query);
    }
    __m512i fours[4];
#pragma GCC unroll 4
    for (std::size_t f = 0; f < 4; ++f) {
      fours[f] = addFour(sums[4 * f], sums[4 * f + 1], sums[4 * f + 2], sums[4 * f + 3]);
    }
    const __m512i dots =
        addQuarters(addQuarters(fours[0], fours[1]), addQuarters(fours[2], fours[3]));
    const __m512i mark = load(marks + start);
    const __m512 bias = _mm512_cvtepi32_ps(_mm512_and_si512(mark, _mm512_set1_epi32(0xFFFF)));
    const __m512 error = _mm512_cvtepi32_ps(_mm512_srli_epi32(mark, 16));
    const __m512 least =
        _mm512_fmadd_ps(bias, biasFactor, _mm512_fnmadd_ps(error, errorFactor, offset));
    const __mmask16 passed = _mm512_cmp_ps_mask(_mm512_cvtepi32_ps(dots), least, _CMP_GE_OQ);
    word |= static_cast<std::uint64_t>(passed) << (start % 64);
    if (start % 64 == 48) {
      near[start / 64] = word;
      word = 0;
    }
  }
}

void scan(CodeRows rows, const RowMark* marks, std::size_t count, const std::int8_t* query,
          NearTest test, std::uint64_t* near) {
  if (rows.stride == kChunkBytes) {
    scanRows({rows.first, kChunkBytes}, marks, count, query, test, near);
  } else {
    scanRows(rows, marks, count, query, test, near);
  }
}

/// Rows that are scanned together: so many sums are under way. Less is slower, and so is more.
constexpr std::size_t kRowsTogether = 8;

void scanTogether(CodeRows rows, const RowMark* marks, std::size_t count,
                  const std::int8_t* queries, const NearTest* tests, std::uint16_t* near) {
  float factors[3][kMaxTogether];
  for (std::size_t q = 0; q < kMaxTogether; ++q) {
    factors[0][q] = tests[q].biasFactor;
    factors[1][q] = tests[q].errorFactor;
    factors[2][q] = tests[q].offset;
  }
  const __m512 biasFactor = _mm512_loadu_ps(factors[0]);
  const __m512 errorFactor = _mm512_loadu_ps(factors[1]);
  const __m512 offset = _mm512_loadu_ps(factors[2]);
  alignas(64) std::uint8_t nibbles[kRowsTogether][kChunkElements];
  for (std::size_t start = 0; start < count; start += kRowsTogether) {
    __m512i sums[kRowsTogether];  // lane q belongs to query q
#pragma GCC unroll 8
    for (auto& sum : sums) sum = _mm512_setzero_si512();
    for (std::size_t at = 0; at < rows.stride; at += kChunkBytes) {
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRowsTogether; ++r) {
        const Chunk chunk = chunkOf(rows.first + (start + r) * rows.stride + at);
        _mm512_store_si512(nibbles[r], chunk.first);
        _mm512_store_si512(nibbles[r] + kChunkBytes, chunk.second);
      }
      const std::int8_t* const wanted = queries + 2 * at * kMaxTogether;
#pragma GCC unroll 8
      for (std::size_t i = 0; i < kChunkElements; i += 4) {
        const __m512i fours = load(wanted + i * kMaxTogether);
#pragma GCC unroll 8
        for (std::size_t r = 0; r < kRowsTogether; ++r) {
          std::int32_t four;
          __builtin_memcpy(&four, nibbles[r] + i, sizeof(four));
          sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_set1_epi32(four), fours);
        }
      }
    }
    alignas(32) float bias[kRowsTogether];
    alignas(32) float error[kRowsTogether];
    const __m256i mark = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(marks + start));
    _mm256_store_ps(bias, _mm256_cvtepi32_ps(_mm256_and_si256(mark, _mm256_set1_epi32(0xFFFF))));
    _mm256_store_ps(error, _mm256_cvtepi32_ps(_mm256_srli_epi32(mark, 16)));
    // Read back one by one: else GCC shuffles them out of the register, which is what the loop
    // above keeps busy.
    __asm__ __volatile__("" : "+m"(bias), "+m"(error));
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRowsTogether; ++r) {
      const __m512 least =
          _mm512_fmadd_ps(_mm512_set1_ps(bias[r]), biasFactor,
                          _mm512_fnmadd_ps(_mm512_set1_ps(error[r]), errorFactor, offset));
      near[start + r] = _mm512_cmp_ps_mask(_mm512_cvtepi32_ps(sums[r]), least, _CMP_GE_OQ);
    }
  }
}

}  // namespace
}  // namespace countenance

#include "index/scan_nibbles.h"

namespace countenance {

const ScanKernels kAvx512VnniScan = {"AVX-512 VNNI", &distances,   &distancesOf, &add,
                                     &codeRow,       &centre,      &codeQuery,   &scan,
                                     &dotsOf,        &scanTogether};

}  // namespace countenance

#endif
