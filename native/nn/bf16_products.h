#pragma once

#include <immintrin.h>

#include "nn/lanes.h"

// Products of bf16, two to a lane, summed as f32 (AVX512_BF16). By intrinsics: Highway 1.0.3 has no
// such products for x86.

namespace countenance::nn {
namespace {

struct Bf16Products : FloatProducts {
  using Element = std::uint16_t;
  using Operand = __m512bh;
  static constexpr Operands kOperands = Operands::kBf16;
  static constexpr int kPerLane = 2;

  static HWY_INLINE Operand load(const Element* from) {
    return reinterpret_cast<Operand>(_mm512_load_si512(from));
  }
  static HWY_INLINE Operand broadcast(const Element* from) {
    int both = 0;
    __builtin_memcpy(&both, from, sizeof(both));
    return reinterpret_cast<Operand>(_mm512_set1_epi32(both));
  }
  static HWY_INLINE Sum multiplyAdd(Operand input, Operand weight, Sum sum) {
    return Sum{_mm512_dpbf16_ps(sum.raw, input, weight)};
  }
  static HWY_INLINE void store(Vector values, Element* to) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to),
                       reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(values.raw)));
  }

  static HWY_INLINE const Element* operandsOf(const ConvolutionJob& job) {
    auto* to = reinterpret_cast<Element*>(job.scratch);
    for (std::size_t i = 0; i < job.in.blocks * job.in.plane; i += kLanes) {
      store(hn::Load(Lanes(), job.in.data + i), to + i);
    }
    return to;
  }
  /// Exact: eight bits are enough for a colour.
  static HWY_INLINE const Element* pixelsOf(const StemJob& job) {
    auto* to = reinterpret_cast<Element*>(job.pixels);
    const hn::Rebind<std::uint8_t, Lanes> bytes;
    const hn::RebindToSigned<Lanes> words;
    std::size_t i = 0;
    for (; i + kLanes <= kStemPixels; i += kLanes) {
      const auto wide = hn::PromoteTo(words, hn::LoadU(bytes, job.rgb + i));
      store(hn::ConvertTo(Lanes(), wide), to + i);
    }
    for (; i < kStemPixels; ++i) {
      const float value = job.rgb[i];
      std::uint32_t bits = 0;
      __builtin_memcpy(&bits, &value, sizeof(bits));
      to[i] = static_cast<Element>(bits >> 16);
    }
    return to;
  }
};

}  // namespace
}  // namespace countenance::nn
