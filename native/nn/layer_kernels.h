#pragma once

#include "nn/lanes.h"

// The layers besides the convolutions of conv_kernel.h: the first one and the pools.

namespace countenance::nn {
namespace {

/// `width` neighbouring pixels and `vectors` vectors of output channels from `channel` on.
template <typename Products, int width, int vectors>
HWY_INLINE void stemTile(const StemJob& job, const typename Products::Element* HWY_RESTRICT pixels,
                         std::size_t channel, std::size_t x, std::size_t y) {
  constexpr int kPerLane = Products::kPerLane;
  // Past the row's end weights are zero. The last window's row ends at least that much before the
  // last pixel: it starts at 2 * 71 * 3, and 426 + 24 = 450.
  constexpr int kWindow = (kStemKernel * 3 + kPerLane - 1) / kPerLane * kPerLane;
  static_assert(2 * (kStemOutSide - 1) * 3 + kWindow <= kStemSide * 3);
  const Lanes lanes;
  typename Products::Sum sums[width * vectors];
#pragma GCC unroll 64
  for (int i = 0; i < width * vectors; ++i) sums[i] = Products::zero();
  const auto* HWY_RESTRICT weights =
      static_cast<const typename Products::Element*>(job.weights) + channel * kPerLane;
  for (std::size_t ky = 0; ky < kStemKernel; ++ky) {
    const auto* HWY_RESTRICT row = pixels + ((2 * y + ky) * kStemSide + 2 * x) * 3;
#pragma GCC unroll 3
    for (int j = 0; j < kWindow; j += kPerLane) {
      typename Products::Operand w[vectors];
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) w[v] = Products::load(weights + v * kLanes * kPerLane);
      weights += kStemChannels * kPerLane;
#pragma GCC unroll 32
      for (int p = 0; p < width; ++p) {
        const auto value = Products::broadcast(row + p * 6 + j);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) {
          sums[p * vectors + v] = Products::multiplyAdd(value, w[v], sums[p * vectors + v]);
        }
      }
    }
  }
  const Vector zero = hn::Zero(lanes);
  float* out = job.out.data + (y + 1) * job.out.row + (x + 1) * kBlock;
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) {
    const std::size_t c = channel + static_cast<std::size_t>(v * kLanes);
    const Vector bias = hn::Load(lanes, job.bias + c);
#pragma GCC unroll 32
    for (int p = 0; p < width; ++p) {
      Vector sum = Products::toFloats(sums[p * vectors + v]);
      if constexpr (Products::kScales) sum = hn::Mul(sum, hn::Load(lanes, job.scale + c));
      hn::Store(hn::Max(hn::Add(sum, bias), zero), lanes,
                out + c / kBlock * job.out.plane + p * kBlock + c % kBlock);
    }
  }
}

template <typename Products, int width, int vectors>
void stem(const StemJob& job) {
  static_assert(kStemOutSide % width == 0 && kStemChannels % (vectors * kLanes) == 0);
  const auto* pixels = Products::pixelsOf(job);
  for (std::size_t y = 0; y < kStemOutSide; ++y) {
    for (std::size_t x = 0; x < kStemOutSide; x += width) {
      for (std::size_t c = 0; c < kStemChannels; c += vectors * kLanes) {
        stemTile<Products, width, vectors>(job, pixels, c, x, y);
      }
    }
  }
}

/// The pixel of the input's block `b` that the window of the output's pixel (x, y) starts with.
HWY_INLINE const float* windowOf(const PoolJob& job, std::size_t b, std::size_t x, std::size_t y) {
  return job.in.data + b * job.in.plane + (2 * y + 1) * job.in.row + (2 * x + 1) * kBlock;
}

HWY_INLINE float* pixelOf(const PoolJob& job, std::size_t b, std::size_t x, std::size_t y) {
  return job.out.data + b * job.out.plane + (y + 1) * job.out.row + (x + 1) * kBlock;
}

HWY_MAYBE_UNUSED void maxPool(const PoolJob& job) {
  const Lanes lanes;
  for (std::size_t b = 0; b < job.out.blocks; ++b) {
    for (std::size_t y = 0; y < job.out.side; ++y) {
      for (std::size_t x = 0; x < job.out.side; ++x) {
        const float* in = windowOf(job, b, x, y);
        float* out = pixelOf(job, b, x, y);
        for (std::size_t c = 0; c < kBlock; c += kLanes) {
          Vector most = hn::Load(lanes, in + c);
          for (std::size_t j = 0; j < 3; ++j) {
            for (std::size_t i = 0; i < 3; ++i) {
              most = hn::Max(most, hn::Load(lanes, in + j * job.in.row + i * kBlock + c));
            }
          }
          hn::Store(most, lanes, out + c);
        }
      }
    }
  }
}

HWY_MAYBE_UNUSED void meanPool(const PoolJob& job) {
  const Lanes lanes;
  const Vector quarter = hn::Set(lanes, 0.25F);
  for (std::size_t b = 0; b < job.out.blocks; ++b) {
    for (std::size_t y = 0; y < job.out.side; ++y) {
      for (std::size_t x = 0; x < job.out.side; ++x) {
        float* out = pixelOf(job, b, x, y);
        for (std::size_t c = 0; c < kBlock; c += kLanes) {
          Vector mean = hn::Zero(lanes);
          if (b < job.in.blocks) {
            const float* in = windowOf(job, b, x, y) + c;
            const float* below = in + job.in.row;
            const Vector upper = hn::Add(hn::Load(lanes, in), hn::Load(lanes, in + kBlock));
            const Vector lower = hn::Add(hn::Load(lanes, below), hn::Load(lanes, below + kBlock));
            mean = hn::Mul(quarter, hn::Add(upper, lower));
          }
          hn::Store(mean, lanes, out + c);
        }
      }
    }
  }
}

}  // namespace
}  // namespace countenance::nn
