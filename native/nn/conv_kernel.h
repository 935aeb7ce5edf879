#pragma once

#include "nn/lanes.h"

// Direct convolution. A tile of `width` x `rows` pixels and `groupBlocks` blocks of output channels
// stays in registers while the input channels pass: per input value one broadcast, per weight one
// load, both used many times. All sizes are template constants, so that every loop of a tile is
// unrolled and every address is a constant offset.

namespace countenance::nn {
namespace {

template <int inSide, int stride, int kernel, int width, int rows, int groupBlocks>
struct Tiling {
  static constexpr int kInSide = inSide;
  static constexpr int kStride = stride;
  static constexpr int kKernel = kernel;
  static constexpr int kWidth = width;
  static constexpr int kRows = rows;
  static constexpr int kGroupBlocks = groupBlocks;
  static constexpr int kOutSide = stride == 1 ? inSide : (inSide - kernel) / stride + 1;
  static constexpr int kInRow = (inSide + 2) * 16;
  static constexpr int kGroupVectors = groupBlocks * kBlockVectors;
  /// With padding a window starts in the border, without it one pixel later.
  static constexpr int kFirst = stride == 1 && kernel == 3 ? 0 : 1;
};

/// The result's pixels from (x, y) on, of one group of output channels.
template <typename T, int width, int rows>
HWY_INLINE void tile(const ConvolutionJob& job, std::size_t group, int x, int y) {
  constexpr int kVectors = T::kGroupVectors;
  const Lanes lanes;
  Vector sums[width * rows * kVectors];
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    const Vector bias = hn::Load(lanes, job.bias + group * T::kGroupBlocks * 16 + v * kLanes);
#pragma GCC unroll 32
    for (int p = 0; p < width * rows; ++p) sums[p * kVectors + v] = bias;
  }
  const float* weights =
      job.weights + group * job.in.blocks * T::kKernel * T::kKernel * 16 * T::kGroupBlocks * 16;
  const float* in =
      job.in.data + (y * T::kStride + T::kFirst) * T::kInRow + (x * T::kStride + T::kFirst) * 16;
  for (std::size_t block = 0; block < job.in.blocks; ++block, in += job.in.plane) {
    for (int ky = 0; ky < T::kKernel; ++ky) {
      for (int kx = 0; kx < T::kKernel; ++kx) {
        weights = addBlock<width, rows, T::kStride * 16, T::kStride * T::kInRow, kVectors>(
            in + ky * T::kInRow + kx * 16, weights, sums);
      }
    }
  }

  float* out =
      job.out.data + group * T::kGroupBlocks * job.out.plane + (y + 1) * job.out.row + (x + 1) * 16;
  const Vector zero = hn::Zero(lanes);
#pragma GCC unroll 32
  for (int p = 0; p < width * rows; ++p) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      float* to = out + v / kBlockVectors * job.out.plane + p / width * job.out.row +
                  p % width * 16 + v % kBlockVectors * kLanes;
      Vector sum = sums[p * kVectors + v];
      if (job.addsToOut) sum = hn::Add(sum, hn::Load(lanes, to));
      hn::Store(hn::Max(sum, zero), lanes, to);
    }
  }
}

/// The tiles side by side; what is left at the right edge has a narrower tile of its own.
template <typename T, int rows>
HWY_INLINE void band(const ConvolutionJob& job, std::size_t group, int y) {
  constexpr int kLeft = T::kOutSide % T::kWidth;
  for (int x = 0; x + T::kWidth <= T::kOutSide; x += T::kWidth) {
    tile<T, T::kWidth, rows>(job, group, x, y);
  }
  if constexpr (kLeft > 0) tile<T, kLeft, rows>(job, group, T::kOutSide - kLeft, y);
}

template <typename T>
void convolve(const ConvolutionJob& job) {
  constexpr int kLeft = T::kOutSide % T::kRows;
  for (std::size_t group = 0; group < job.out.blocks / T::kGroupBlocks; ++group) {
    for (int y = 0; y + T::kRows <= T::kOutSide; y += T::kRows) band<T, T::kRows>(job, group, y);
    if constexpr (kLeft > 0) band<T, kLeft>(job, group, T::kOutSide - kLeft);
  }
}

template <typename T>
constexpr Convolution convolution() {
  return {T::kInSide, T::kStride, T::kKernel, T::kGroupBlocks, 0, &convolve<T>};
}

}  // namespace
}  // namespace countenance::nn
