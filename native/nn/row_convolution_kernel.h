#pragma once

#include "nn/lanes.h"
#include "nn/network_kernels.h"

// Convolution over maps whose pixels hold all their channels together. A tile of `width` pixels and
// one group of output channels stays in registers while the window's floats pass: a row of the
// window is one run of floats, whatever the kernel's size.

namespace countenance::nn {
namespace {

/// A group's channels as vectors: as many as fit, and half a one where AVX-512 has 8 left.
template <int group>
struct Group {
  using Half = hn::CappedTag<float, 8>;
  static constexpr int kFull = group / kLanes;
  static constexpr bool kHasHalf = group % kLanes != 0;
};

/// Ends the sums of `width` pixels: what is added, the activation, the store. One vector of
/// channels each, `step` sums apart.
template <int width, int step, typename D>
HWY_INLINE void finish(const RowConvolutionJob& job, D d, hn::Vec<D>* HWY_RESTRICT sums,
                       std::size_t pixel, std::size_t channel) {
  if (job.added != nullptr && channel < job.addedChannels) {
    const float* added = job.added + pixel * job.addedChannels + channel;
    const std::size_t left = job.addedChannels - channel;
    if (left >= hn::Lanes(d)) {
#pragma GCC unroll 16
      for (int p = 0; p < width; ++p, added += job.addedChannels) {
        sums[p * step] = hn::Add(sums[p * step], hn::LoadU(d, added));
      }
    } else {
#pragma GCC unroll 16
      for (int p = 0; p < width; ++p, added += job.addedChannels) {
        const auto some = hn::MaskedLoad(hn::FirstN(d, left), d, added);
        sums[p * step] = hn::Add(sums[p * step], some);
      }
    }
  }
  const hn::Vec<D> zero = hn::Zero(d);
  if (job.bend == Bend::kRelu) {
#pragma GCC unroll 16
    for (int p = 0; p < width; ++p) sums[p * step] = hn::Max(sums[p * step], zero);
  } else if (job.bend == Bend::kPrelu) {
    const hn::Vec<D> slope = hn::LoadU(d, job.slope + channel);
#pragma GCC unroll 16
    for (int p = 0; p < width; ++p) {
      const hn::Vec<D> below = hn::Min(sums[p * step], zero);
      sums[p * step] = hn::MulAdd(below, slope, hn::Max(sums[p * step], zero));
    }
  }
  float* out = job.out + pixel * job.channels + channel;
#pragma GCC unroll 16
  for (int p = 0; p < width; ++p, out += job.channels) hn::StoreU(sums[p * step], d, out);
}

template <int group, int width>
HWY_INLINE void rowTile(const RowConvolutionJob& job, const float* HWY_RESTRICT weights,
                        std::size_t channel, std::size_t pixel) {
  constexpr int kFull = Group<group>::kFull;
  constexpr bool kHasHalf = Group<group>::kHasHalf;
  constexpr int kHalves = kHasHalf ? width : 1;
  const Lanes lanes;
  const typename Group<group>::Half half;
  Vector sums[width * kFull + 1];
  hn::Vec<typename Group<group>::Half> halves[kHalves];
#pragma GCC unroll 4
  for (int v = 0; v < kFull; ++v) {
    const Vector bias = hn::LoadU(lanes, job.bias + channel + v * kLanes);
#pragma GCC unroll 16
    for (int p = 0; p < width; ++p) sums[p * kFull + v] = bias;
  }
  if constexpr (kHasHalf) {
#pragma GCC unroll 16
    for (int p = 0; p < width; ++p)
      halves[p] = hn::LoadU(half, job.bias + channel + kFull * kLanes);
  }
  const std::size_t step = job.step;
  for (std::size_t row = 0; row < job.rowCount; ++row) {
    // Three pixels to a pointer: an address is a pointer plus once or twice the step.
    const float* HWY_RESTRICT in[(width + 2) / 3];
#pragma GCC unroll 6
    for (int i = 0; i < (width + 2) / 3; ++i) in[i] = job.rows[row] + (pixel + 3 * i) * step;
#pragma GCC unroll 4
    for (std::size_t j = 0; j < job.rowLength; ++j) {
      Vector w[kFull + 1];
#pragma GCC unroll 4
      for (int v = 0; v < kFull; ++v) w[v] = hn::LoadU(lanes, weights + v * kLanes);
      hn::Vec<typename Group<group>::Half> wHalf;
      if constexpr (kHasHalf) wHalf = hn::LoadU(half, weights + kFull * kLanes);
      weights += group;
#pragma GCC unroll 16
      for (int p = 0; p < width; ++p) {
        const Vector value = hn::Set(lanes, in[p / 3][p % 3 * step + j]);
#pragma GCC unroll 4
        for (int v = 0; v < kFull; ++v) {
          sums[p * kFull + v] = hn::MulAdd(value, w[v], sums[p * kFull + v]);
        }
        if constexpr (kHasHalf) {
          halves[p] = hn::MulAdd(hn::Set(half, in[p / 3][p % 3 * step + j]), wHalf, halves[p]);
        }
      }
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kFull; ++v) {
    finish<width, kFull>(job, lanes, sums + v, pixel, channel + v * kLanes);
  }
  if constexpr (kHasHalf) {
    finish<width, 1>(job, half, halves, pixel, channel + kFull * kLanes);
  }
}

/// All pixels of one group of output channels, in tiles of `most` pixels and what is left in
/// smaller ones. 16 pixels are better two tiles of 8 than 12 and 4.
template <int group, int most>
void convolveGroup(const RowConvolutionJob& job, const float* weights, std::size_t channel) {
  std::size_t p = 0;
  const auto left = [&] { return job.pixels - p; };
  for (; left() >= most && (most != 12 || left() != 16); p += most) {
    rowTile<group, most>(job, weights, channel, p);
  }
  if constexpr (most > 8) {
    for (; left() >= 8; p += 8) rowTile<group, 8>(job, weights, channel, p);
  }
  if constexpr (most > 4) {
    for (; left() >= 4; p += 4) rowTile<group, 4>(job, weights, channel, p);
  }
  for (; left() >= 2; p += 2) rowTile<group, 2>(job, weights, channel, p);
  for (; left() >= 1; p += 1) rowTile<group, 1>(job, weights, channel, p);
}

/// A group's channels and the widest tile for it.
template <int channels, int pixels>
struct RowTiling {
  static constexpr int kChannels = channels;
  static constexpr int kPixels = pixels;
};

template <typename... Tilings>
void convolveRows(const RowConvolutionJob& job) {
  const float* weights = job.weights;
  const std::size_t* group = job.groups;
  for (std::size_t channel = 0; channel < job.channels; channel += *group++) {
    const std::size_t size = *group;
    ((size == Tilings::kChannels
          ? convolveGroup<Tilings::kChannels, Tilings::kPixels>(job, weights, channel)
          : void()),
     ...);
    weights += job.rowCount * job.rowLength * size;
  }
}

template <typename... Tilings>
constexpr std::size_t kGroupSizes[] = {Tilings::kChannels...};

}  // namespace
}  // namespace countenance::nn
