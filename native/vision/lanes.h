#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace countenance {

/// Four values that are computed together: three channels and one to spare.
using Lanes = float __attribute__((vector_size(16)));

/// Sums of up to 65,793 16-bit values.
using Sums = std::uint32_t __attribute__((vector_size(16)));

/// left + (right - left) * share; share is in 0..32767. A grey picture so gives, bit for bit, what
/// its RGB copy gives.
inline float betweenTwo(std::uint8_t left, std::uint8_t right, std::int32_t share) {
  return static_cast<float>(left * (32767 - share) + right * share) * (1.0F / 32767);
}

#ifdef __SSE2__  // every x86-64; what GCC makes of the lines below takes it three times as long

/// pixel + (right pixel - pixel) * share of two RGB pixels side by side, per channel; share is in
/// 0..32767. Reads one byte past the second.
inline Lanes betweenColumns(const std::uint8_t* pixel, std::int32_t share) {
  std::int32_t left = 0;
  std::int32_t right = 0;
  std::memcpy(&left, pixel, 4);
  std::memcpy(&right, pixel + 3, 4);
  const __m128i pairs = _mm_unpacklo_epi8(_mm_cvtsi32_si128(left), _mm_cvtsi32_si128(right));
  const __m128i wide = _mm_unpacklo_epi8(pairs, _mm_setzero_si128());
  // Both weights of a pair in one number; they add up to 32767, as 16 bits hold no 32768.
  const __m128i weights = _mm_set1_epi32((share << 16) | (32767 - share));
  return _mm_cvtepi32_ps(_mm_madd_epi16(wide, weights)) * (1.0F / 32767);
}

/// Adds four 16-bit values.
inline void add(Sums& sums, const std::uint16_t* values) {
  const __m128i four = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(values));
  const __m128i wide = _mm_unpacklo_epi16(four, _mm_setzero_si128());
  sums += reinterpret_cast<Sums>(wide);
}

/// The nearest bytes of four values in 0..255.
inline std::uint32_t bytesOf(const Lanes& lanes) {
  const __m128i whole = _mm_cvtps_epi32(lanes);
  const __m128i words = _mm_packs_epi32(whole, whole);
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_packus_epi16(words, words)));
}

inline Lanes floatsOf(const Sums& sums) { return _mm_cvtepi32_ps(reinterpret_cast<__m128i>(sums)); }

#else

inline Lanes betweenColumns(const std::uint8_t* pixel, std::int32_t share) {
  Lanes lanes{};
  for (std::size_t c = 0; c < 3; ++c) lanes[c] = betweenTwo(pixel[c], pixel[3 + c], share);
  return lanes;
}

inline void add(Sums& sums, const std::uint16_t* values) {
  for (std::size_t i = 0; i < 4; ++i) sums[i] += values[i];
}

inline std::uint32_t bytesOf(const Lanes& lanes) {
  std::uint32_t bytes = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    bytes |= static_cast<std::uint32_t>(lanes[i] + 0.5F) << (8 * i);
  }
  return bytes;
}

inline Lanes floatsOf(const Sums& sums) { return __builtin_convertvector(sums, Lanes); }

#endif

}  // namespace countenance
