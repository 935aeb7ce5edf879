#pragma once

#include <hwy/highway.h>

#include "nn/kernels.h"

// Highway's vectors for the one CPU level that the including file is compiled for (static
// dispatch). Everything here and in the kernel headers is in an unnamed namespace, so that no two
// levels share a symbol.

namespace countenance::nn {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Lanes>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(Lanes()));

/// Vectors that hold one block of channels.
constexpr int kBlockVectors = 16 / kLanes;

/// How far ahead weights are fetched, in bytes: a network's weights never fit the second cache. It
/// takes the whole network from 3.45 to 3.3 ms (Zen 4); 1 KB is slower, 8 KB no faster.
constexpr std::size_t kPrefetchAhead = 4096;

/// Products of f32. The other kinds (bf16_products.h, vnni_products.h, int8_products.h) have the
/// same members; the kernels are templates over them.
struct FloatProducts {
  using Element = float;  ///< What an operand is in memory.
  using Operand = Vector;
  using Sum = Vector;
  static constexpr Operands kOperands = Operands::kF32;
  static constexpr int kPerLane = 1;      ///< Elements of input channels that share a lane.
  static constexpr bool kScales = false;  ///< Whether a sum is a number of steps.
  static constexpr int kExactBlocks = 0;  ///< Blocks whose sum must be taken away; 0: none.

  static HWY_INLINE Operand load(const float* from) { return hn::Load(Lanes(), from); }
  /// The same kPerLane elements in every lane.
  static HWY_INLINE Operand broadcast(const float* from) { return hn::Set(Lanes(), *from); }
  static HWY_INLINE Sum multiplyAdd(Operand input, Operand weight, Sum sum) {
    return hn::MulAdd(input, weight, sum);
  }
  static HWY_INLINE Sum zero() { return hn::Zero(Lanes()); }
  static HWY_INLINE Vector toFloats(Sum sum) { return sum; }
  /// Writes neighbouring channels as operands.
  static HWY_INLINE void store(Vector values, float* to) { hn::Store(values, Lanes(), to); }

  /// The input's map as operands, in a map of the same shape.
  static HWY_INLINE const float* operandsOf(const ConvolutionJob& job) { return job.in.data; }
  /// The chip's pixels as operands.
  static HWY_INLINE const float* pixelsOf(const StemJob& job) {
    for (std::size_t i = 0; i < kStemPixels; ++i) job.pixels[i] = job.rgb[i];
    return job.pixels;
  }
};

/// Adds one block of input channels to the sums of a tile: `vectors` vectors of output channels for
/// each of width x rows pixels, which lie `step` elements apart, their rows `rowStep`. Inlined, so
/// that the sums never leave the registers; a tile's sums, weights and one input value must fit
/// them.
/// @param sums  [rows][sumsRow][vectors]: a tile may be wider than the part of it that is added to.
/// @returns the weights behind the 16 x vectors that it used.
template <typename Products, int width, int rows, int step, int rowStep, int vectors,
          int sumsRow = width>
HWY_INLINE const typename Products::Element* addBlock(
    const typename Products::Element* HWY_RESTRICT pixels,
    const typename Products::Element* HWY_RESTRICT weights,
    typename Products::Sum* HWY_RESTRICT sums) {
  constexpr int kElements = kLanes * Products::kPerLane;  // of a vector of weights
  constexpr int kPerLine = 64 / static_cast<int>(sizeof(*weights));
#pragma GCC unroll 2
  for (int channel = 0; channel < 16; channel += Products::kPerLane) {
    typename Products::Operand w[vectors];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) w[v] = Products::load(weights + v * kElements);
#pragma GCC unroll 8
    for (int at = 0; at < vectors * kElements; at += kPerLine) {
      __builtin_prefetch(reinterpret_cast<const char*>(weights + at) + kPrefetchAhead);
    }
    weights += vectors * kElements;
#pragma GCC unroll 32
    for (int p = 0; p < width * rows; ++p) {
      const auto value =
          Products::broadcast(pixels + p / width * rowStep + p % width * step + channel);
      auto* sum = sums + (p / width * sumsRow + p % width) * vectors;
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) sum[v] = Products::multiplyAdd(value, w[v], sum[v]);
    }
  }
  return weights;
}

}  // namespace
}  // namespace countenance::nn
