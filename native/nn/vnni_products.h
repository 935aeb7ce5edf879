#pragma once

#include <immintrin.h>

#include "nn/lanes.h"

// Products of u8 inputs and s8 weights, four to a lane, summed as s32 (AVX512_VNNI). By intrinsics:
// Highway 1.0.3 has no such products for x86.

namespace countenance::nn {
namespace {

/// Not __m512i, which may alias anything: GCC 12 then writes every sum to memory after every
/// product.
typedef std::int32_t Ints __attribute__((vector_size(64)));  // NOLINT: no `using` in GCC 12

struct VnniProducts {
  using Element = std::uint8_t;  // weights: the same bits, signed
  using Operand = Ints;
  using Sum = Ints;
  static constexpr Operands kOperands = Operands::kInt8;
  static constexpr int kPerLane = 4;
  static constexpr bool kScales = true;
  static constexpr int kExactBlocks = 0;

  static HWY_INLINE Operand load(const Element* from) {
    return reinterpret_cast<Operand>(_mm512_load_si512(from));
  }
  static HWY_INLINE Operand broadcast(const Element* from) {
    float four = 0;  // for the bits alone: an int takes a detour through another register
    __builtin_memcpy(&four, from, sizeof(four));
    return reinterpret_cast<Operand>(_mm512_set1_ps(four));
  }
  static HWY_INLINE Sum multiplyAdd(Operand input, Operand weight, Sum sum) {
    return reinterpret_cast<Sum>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum),
                                                     reinterpret_cast<__m512i>(input),
                                                     reinterpret_cast<__m512i>(weight)));
  }
  static HWY_INLINE Sum zero() { return Sum{}; }
  static HWY_INLINE Vector toFloats(Sum sum) {
    return Vector{_mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sum))};
  }

  static HWY_INLINE const Element* operandsOf(const ConvolutionJob& job) {
    auto* to = reinterpret_cast<Element*>(job.scratch);
    const __m512 steps = _mm512_set1_ps(job.inputSteps);
    for (std::size_t i = 0; i < job.in.blocks * job.in.plane; i += kLanes) {
      // What is larger than 255 saturates; a map is never negative.
      const __m512 value = _mm512_mul_ps(_mm512_load_ps(job.in.data + i), steps);
      _mm_store_si128(reinterpret_cast<__m128i*>(to + i),
                      _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(value)));
    }
    return to;
  }
  static HWY_INLINE const Element* pixelsOf(const StemJob& job) { return job.rgb; }
};

}  // namespace
}  // namespace countenance::nn
