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
  /// Whether a tile spans the map, so that it is known which pixels see the border: a product with
  /// zero is left out. It is 31 % of all products for a map of 4 x 4.
  static constexpr bool kClipsColumns = stride == 1 && kernel == 3 && width == kOutSide;
  static constexpr bool kClipsRows = kClipsColumns && rows == kOutSide;
};

/// Where a tap of 3 sees no border: the first of `size` pixels, and how many.
constexpr int clippedFirst(int tap) { return tap == 0 ? 1 : 0; }
constexpr int clippedSize(int tap, int size) { return tap == 1 ? size : size - 1; }

/// Adds one block of input channels as column `kx` and row `ky` of the windows see it.
template <typename T, typename Products, int width, int rows, int ky, int kx>
HWY_INLINE const typename Products::Element* addTap(const typename Products::Element* in,
                                                    const typename Products::Element* weights,
                                                    typename Products::Sum* sums) {
  constexpr int kTop = T::kClipsRows ? clippedFirst(ky) : 0;
  constexpr int kLeft = clippedFirst(kx);
  return addBlock < Products, clippedSize(kx, width), T::kClipsRows ? clippedSize(ky, rows) : rows,
         16, T::kInRow, T::kGroupVectors,
         width > (in + (ky + kTop) * T::kInRow + (kx + kLeft) * 16, weights,
                  sums + (kTop * width + kLeft) * T::kGroupVectors);
}

template <typename T, typename Products, int width, int rows, int ky>
HWY_INLINE const typename Products::Element* addTaps(const typename Products::Element* in,
                                                     const typename Products::Element* weights,
                                                     typename Products::Sum* sums) {
  weights = addTap<T, Products, width, rows, ky, 0>(in, weights, sums);
  weights = addTap<T, Products, width, rows, ky, 1>(in, weights, sums);
  return addTap<T, Products, width, rows, ky, 2>(in, weights, sums);
}

/// The sums of a tile: its first window starts at `in`.
template <typename T, typename Products, int width, int rows>
HWY_INLINE void sumWindows(const typename Products::Element* in, std::size_t plane,
                           std::size_t blocks, const typename Products::Element* weights, int y,
                           typename Products::Sum* sums) {
  constexpr std::size_t kRowWeights = 3 * 16 * T::kGroupBlocks * 16;
#pragma GCC unroll 64
  for (int i = 0; i < width * rows * T::kGroupVectors; ++i) sums[i] = Products::zero();
  for (std::size_t block = 0; block < blocks; ++block, in += plane) {
    if constexpr (T::kClipsColumns) {
      constexpr bool kOneRow = T::kRows == 1;  // then the rows of a window are there or not
      if (kOneRow && y == 0) {
        weights += kRowWeights;
      } else {
        weights = addTaps<T, Products, width, rows, 0>(in, weights, sums);
      }
      weights = addTaps<T, Products, width, rows, 1>(in, weights, sums);
      if (kOneRow && y == T::kOutSide - 1) {
        weights += kRowWeights;
      } else {
        weights = addTaps<T, Products, width, rows, 2>(in, weights, sums);
      }
      continue;
    }
    for (int ky = 0; ky < T::kKernel; ++ky) {
      for (int kx = 0; kx < T::kKernel; ++kx) {
        weights = addBlock<Products, width, rows, T::kStride * 16, T::kStride * T::kInRow,
                           T::kGroupVectors>(in + ky * T::kInRow + kx * 16, weights, sums);
      }
    }
  }
}

/// The result's pixels from (x, y) on, of one group of output channels.
template <typename T, typename Products, int width, int rows>
HWY_INLINE void tile(const ConvolutionJob& job, const typename Products::Element* operands,
                     std::size_t group, int x, int y) {
  constexpr int kVectors = T::kGroupVectors;
  constexpr std::size_t kBlockWeights = T::kKernel * T::kKernel * 16 * T::kGroupBlocks * 16;
  const Lanes lanes;
  const auto* weights = static_cast<const typename Products::Element*>(job.weights) +
                        group * job.in.blocks * kBlockWeights;
  const auto* in =
      operands + (y * T::kStride + T::kFirst) * T::kInRow + (x * T::kStride + T::kFirst) * 16;
  typename Products::Sum sums[width * rows * kVectors];
  if constexpr (Products::kExactBlocks == 0) {
    sumWindows<T, Products, width, rows>(in, job.in.plane, job.in.blocks, weights, y, sums);
  } else {
    typename Products::Total totals[width * rows * kVectors];
    for (auto& total : totals) total = Products::none();
    for (std::size_t first = 0; first < job.in.blocks; first += Products::kExactBlocks) {
      const std::size_t left = job.in.blocks - first;
      const std::size_t blocks = left < Products::kExactBlocks ? left : Products::kExactBlocks;
      sumWindows<T, Products, width, rows>(in + first * job.in.plane, job.in.plane, blocks,
                                           weights + first * kBlockWeights, y, sums);
      for (int i = 0; i < width * rows * kVectors; ++i) {
        totals[i] = Products::total(totals[i], sums[i]);
      }
    }
    for (int i = 0; i < width * rows * kVectors; ++i) sums[i] = Products::toSum(totals[i]);
  }

  const std::size_t firstChannel = group * T::kGroupBlocks * 16;
  float* out =
      job.out.data + group * T::kGroupBlocks * job.out.plane + (y + 1) * job.out.row + (x + 1) * 16;
  const Vector zero = hn::Zero(lanes);
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    const Vector bias = hn::Load(lanes, job.bias + firstChannel + v * kLanes);
    Vector scale = zero;
    if constexpr (Products::kScales) {
      scale = hn::Load(lanes, job.scale + firstChannel + v * kLanes);
    }
#pragma GCC unroll 32
    for (int p = 0; p < width * rows; ++p) {
      float* to = out + v / kBlockVectors * job.out.plane + p / width * job.out.row +
                  p % width * 16 + v % kBlockVectors * kLanes;
      Vector sum = Products::toFloats(sums[p * kVectors + v]);
      if constexpr (Products::kScales) sum = hn::Mul(sum, scale);
      sum = hn::Add(sum, bias);
      if (job.addsToOut) sum = hn::Add(sum, hn::Load(lanes, to));
      hn::Store(hn::Max(sum, zero), lanes, to);
    }
  }
}

/// The tiles side by side; what is left at the right edge has a narrower tile of its own.
template <typename T, typename Products, int rows>
HWY_INLINE void band(const ConvolutionJob& job, const typename Products::Element* in,
                     std::size_t group, int y) {
  constexpr int kLeft = T::kOutSide % T::kWidth;
  for (int x = 0; x + T::kWidth <= T::kOutSide; x += T::kWidth) {
    tile<T, Products, T::kWidth, rows>(job, in, group, x, y);
  }
  if constexpr (kLeft > 0) tile<T, Products, kLeft, rows>(job, in, group, T::kOutSide - kLeft, y);
}

template <typename T, typename Products>
void convolve(const ConvolutionJob& job) {
  constexpr int kLeft = T::kOutSide % T::kRows;
  const auto* in = Products::operandsOf(job);
  for (std::size_t group = 0; group < job.out.blocks / T::kGroupBlocks; ++group) {
    for (int y = 0; y + T::kRows <= T::kOutSide; y += T::kRows) {
      band<T, Products, T::kRows>(job, in, group, y);
    }
    if constexpr (kLeft > 0) band<T, Products, kLeft>(job, in, group, T::kOutSide - kLeft);
  }
}

template <typename T, typename Products = FloatProducts>
constexpr Convolution convolution() {
  return {T::kInSide, T::kStride, T::kKernel,          T::kGroupBlocks,
          0,          0,          Products::kOperands, &convolve<T, Products>};
}

}  // namespace
}  // namespace countenance::nn
