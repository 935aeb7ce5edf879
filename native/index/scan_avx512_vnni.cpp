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

/// The dot product in sixteen sums.
inline __m512i sumsOfRow(const std::uint8_t* row, std::size_t stride, const std::int8_t* query) {
  __m512i sum = _mm512_setzero_si512();
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

void scan(CodeRows rows, const RowMark* marks, std::size_t count, const std::int8_t* query,
          NearTest test, std::uint64_t* near) {
  const __m512 biasFactor = _mm512_set1_ps(test.biasFactor);
  const __m512 errorFactor = _mm512_set1_ps(test.errorFactor);
  const __m512 offset = _mm512_set1_ps(test.offset);
  std::uint64_t word = 0;
  for (std::size_t start = 0; start < count; start += 16) {
    __m512i fours[4];
#pragma GCC unroll 4
    for (std::size_t f = 0; f < 4; ++f) {
      const std::uint8_t* const at = rows.first + (start + 4 * f) * rows.stride;
      fours[f] = addFour(sumsOfRow(at, rows.stride, query),
                         sumsOfRow(at + rows.stride, rows.stride, query),
                         sumsOfRow(at + 2 * rows.stride, rows.stride, query),
                         sumsOfRow(at + 3 * rows.stride, rows.stride, query));
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

/// Rows that are scanned together: with each step of the queries, so many sums are under way.
constexpr std::size_t kRowsTogether = 8;
constexpr std::size_t kMaxElements = 4096;

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
  const std::size_t elements = 2 * rows.stride;
  alignas(64) std::uint8_t nibbles[kRowsTogether * kMaxElements];
  for (std::size_t start = 0; start < count; start += kRowsTogether) {
    for (std::size_t r = 0; r < kRowsTogether; ++r) {
      const std::uint8_t* const row = rows.first + (start + r) * rows.stride;
      std::uint8_t* const to = nibbles + r * elements;
      for (std::size_t at = 0; at < rows.stride; at += kChunkBytes) {
        const Chunk chunk = chunkOf(row + at);
        _mm512_store_si512(to + 2 * at, chunk.first);
        _mm512_store_si512(to + 2 * at + kChunkBytes, chunk.second);
      }
    }
    // Lane q of each sum belongs to query q.
    __m512i sums[kRowsTogether];
#pragma GCC unroll 8
    for (auto& sum : sums) sum = _mm512_setzero_si512();
    for (std::size_t i = 0; i < elements; i += 4) {
      const __m512i wanted = load(queries + i * kMaxTogether);
#pragma GCC unroll 8
      for (std::size_t r = 0; r < kRowsTogether; ++r) {
        std::int32_t four;
        __builtin_memcpy(&four, nibbles + r * elements + i, sizeof(four));
        sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_set1_epi32(four), wanted);
      }
    }
#pragma GCC unroll 8
    for (std::size_t r = 0; r < kRowsTogether; ++r) {
      const RowMark mark = marks[start + r];
      const __m512 least =
          _mm512_fmadd_ps(_mm512_set1_ps(mark.bias), biasFactor,
                          _mm512_fnmadd_ps(_mm512_set1_ps(mark.error), errorFactor, offset));
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
