#pragma once

#include "nn/lanes.h"

// Products of whole numbers in floats: exact, and so equal to those of vnni_products.h, on any CPU
// with floats. (A CPU's own products of u8 and s8 without VNNI saturate at 16 bits.)

namespace countenance::nn {
namespace {

struct Int8InFloats : FloatProducts {
  using Total = hn::Vec<hn::RebindToSigned<Lanes>>;
  static constexpr Operands kOperands = Operands::kInt8InFloats;
  static constexpr bool kScales = true;
  /// 24 bits of a float hold the sum of 48 channels: 48 * 9 * 255 * 127 < 2^24.
  static constexpr int kExactBlocks = 3;
  static_assert(kExactBlocks * kBlock * 9 * kMostInputSteps * kMostWeightSteps < (1 << 24));
  static_assert(kStemTaps * kMostInputSteps * kMostWeightSteps < (1 << 24));

  static HWY_INLINE Total none() { return hn::Zero(hn::RebindToSigned<Lanes>()); }
  static HWY_INLINE Total total(Total total, Sum part) {
    return hn::Add(total, hn::ConvertTo(hn::RebindToSigned<Lanes>(), part));
  }
  static HWY_INLINE Sum toSum(Total total) { return hn::ConvertTo(Lanes(), total); }

  static HWY_INLINE const float* operandsOf(const ConvolutionJob& job) {
    const Lanes lanes;
    const Vector steps = hn::Set(lanes, job.inputSteps);
    const Vector most = hn::Set(lanes, kMostInputSteps);
    for (std::size_t i = 0; i < job.in.blocks * job.in.plane; i += kLanes) {
      const Vector value = hn::Mul(hn::Load(lanes, job.in.data + i), steps);
      hn::Store(hn::Round(hn::Min(value, most)), lanes, job.scratch + i);
    }
    return job.scratch;
  }
};

}  // namespace
}  // namespace countenance::nn
