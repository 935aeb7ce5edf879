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

/// How far ahead weights are fetched, in floats: a network's weights never fit the second cache. It
/// takes the whole network from 3.45 to 3.3 ms (Zen 4); 256 is slower, 2048 no faster.
constexpr int kPrefetchAhead = 1024;

/// Adds one block of input channels to the sums of a tile: `vectors` vectors of output channels for
/// each of width x rows pixels, which lie `step` floats apart, their rows `rowStep`. Inlined, so
/// that the sums never leave the registers; a tile's sums, weights and one input value must fit
/// them.
/// @returns the weights behind the 16 x vectors that it used.
template <int width, int rows, int step, int rowStep, int vectors>
HWY_INLINE const float* addBlock(const float* HWY_RESTRICT pixels,
                                 const float* HWY_RESTRICT weights, Vector* HWY_RESTRICT sums) {
  const Lanes lanes;
#pragma GCC unroll 2
  for (int channel = 0; channel < 16; ++channel) {
    Vector w[vectors];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) w[v] = hn::Load(lanes, weights + v * kLanes);
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v += kBlockVectors) {
      __builtin_prefetch(weights + kPrefetchAhead + v * kLanes);
    }
    weights += vectors * kLanes;
#pragma GCC unroll 32
    for (int p = 0; p < width * rows; ++p) {
      const Vector value = hn::Set(lanes, pixels[p / width * rowStep + p % width * step + channel]);
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) {
        sums[p * vectors + v] = hn::MulAdd(value, w[v], sums[p * vectors + v]);
      }
    }
  }
  return weights;
}

}  // namespace
}  // namespace countenance::nn
