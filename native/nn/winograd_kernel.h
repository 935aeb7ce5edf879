#pragma once

#include "nn/lanes.h"

// 3 x 3 convolution of stride 1 by Winograd's F(2 x 2, 3 x 3) (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2015): windows of 4 x 4 pixels give 2 x 2 results with 16
// multiplications per pair of channels instead of 36. Each strip of tiles passes three steps, which
// all stay in the cache: the windows' transform, 16 matrix products, the transform back.

namespace countenance::nn {
namespace {

/// A map of side x side pixels, in strips of `stripRows` rows of tiles; a matrix product takes
/// `width` tiles and `groupBlocks` blocks of output channels at a time.
template <int side, int stripRows, int width, int groupBlocks>
struct WinogradTiling {
  static constexpr int kSide = side;
  static constexpr int kStripRows = stripRows;
  static constexpr int kWidth = width;
  static constexpr int kGroupBlocks = groupBlocks;
  static constexpr int kTiles = (side + 1) / 2;  // in a row and in a column
  static constexpr int kStrip = stripRows * kTiles;
  static constexpr int kGroupVectors = groupBlocks * kBlockVectors;
  static constexpr int kProducts = static_cast<int>(kWinogradProducts);
  static_assert(kTiles % stripRows == 0);

  /// Elements from one product to the next: one line more than the strip, so that the 16 streams
  /// do not meet in one set of the cache.
  static constexpr std::size_t productStep(std::size_t blocks) {
    return (blocks * kStrip + 1) * 16;
  }
};

/// (1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1) * in
HWY_INLINE void windowTransform(Vector a, Vector b, Vector c, Vector d, Vector* out, int step) {
  out[0] = hn::Sub(a, c);
  out[step] = hn::Add(b, c);
  out[2 * step] = hn::Sub(c, b);
  out[3 * step] = hn::Sub(b, d);
}

/// products[16][block][tile of the strip][16]; the strip's first row of tiles is `firstRow`.
template <typename T, typename Products>
HWY_INLINE void transformStrip(const MapView& in, int firstRow,
                               typename Products::Element* products) {
  const Lanes lanes;
  const std::size_t step = T::productStep(in.blocks);
  for (std::size_t block = 0; block < in.blocks; ++block) {
    for (int t = 0; t < T::kStrip; ++t) {
      const int top = 2 * (firstRow + t / T::kTiles);
      const int left = 2 * (t % T::kTiles);
      auto* to = products + (block * T::kStrip + t) * 16;
      for (int c = 0; c < 16; c += kLanes) {
        Vector rows[16];
#pragma GCC unroll 4
        for (int x = 0; x < 4; ++x) {
          // A window that hangs over the border reads the border again: all of it is zero.
          const int column = left + x < T::kSide + 1 ? left + x : T::kSide + 1;
          const float* pixel = in.data + block * in.plane + top * in.row + column * 16 + c;
          const int last = top + 3 < T::kSide + 2 ? 3 : 2;
          windowTransform(hn::Load(lanes, pixel), hn::Load(lanes, pixel + in.row),
                          hn::Load(lanes, pixel + 2 * in.row),
                          hn::Load(lanes, pixel + last * in.row), rows + x, 4);
        }
#pragma GCC unroll 4
        for (int y = 0; y < 4; ++y) {
          Vector out[4];
          windowTransform(rows[4 * y], rows[4 * y + 1], rows[4 * y + 2], rows[4 * y + 3], out, 1);
#pragma GCC unroll 4
          for (int x = 0; x < 4; ++x) Products::store(out[x], to + (4 * y + x) * step + c);
        }
      }
    }
  }
}

/// `width` tiles' products with one group of output channels, summed over the input channels.
template <typename T, typename Products, int width>
HWY_INLINE void multiplyTiles(const typename Products::Element* in, std::size_t blocks,
                              const typename Products::Element* weights, float* out) {
  constexpr int kVectors = T::kGroupVectors;
  typename Products::Sum sums[width * kVectors];
#pragma GCC unroll 64
  for (int i = 0; i < width * kVectors; ++i) sums[i] = Products::zero();
  for (std::size_t block = 0; block < blocks; ++block, in += T::kStrip * 16) {
    weights = addBlock<Products, width, 1, 16, 0, kVectors>(in, weights, sums);
  }
#pragma GCC unroll 32
  for (int p = 0; p < width; ++p) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      hn::Store(Products::toFloats(sums[p * kVectors + v]), Lanes(),
                out + (v / kBlockVectors * T::kStrip + p) * 16 + v % kBlockVectors * kLanes);
    }
  }
}

template <typename T, typename Products>
HWY_INLINE void multiplyStrip(const typename Products::Element* in, std::size_t blocks,
                              const typename Products::Element* weights, float* out) {
  constexpr int kLeft = T::kStrip % T::kWidth;
  for (int t = 0; t + T::kWidth <= T::kStrip; t += T::kWidth) {
    multiplyTiles<T, Products, T::kWidth>(in + t * 16, blocks, weights, out + t * 16);
  }
  constexpr int kFrom = (T::kStrip - kLeft) * 16;
  if constexpr (kLeft > 0) {
    multiplyTiles<T, Products, kLeft>(in + kFrom, blocks, weights, out + kFrom);
  }
}

/// (1 1 1 0; 0 1 -1 -1) * in
HWY_INLINE void resultTransform(Vector a, Vector b, Vector c, Vector d, Vector* out, int step) {
  out[0] = hn::Add(hn::Add(a, b), c);
  out[step] = hn::Sub(hn::Sub(b, c), d);
}

/// Writes the results of one group: what hangs over the right and lower edge is dropped.
template <typename T>
HWY_INLINE void transformBack(const ConvolutionJob& job, std::size_t group, int firstRow,
                              const float* products) {
  const Lanes lanes;
  const std::size_t step = T::productStep(T::kGroupBlocks);
  for (int block = 0; block < T::kGroupBlocks; ++block) {
    const std::size_t outBlock = group * T::kGroupBlocks + block;
    for (int t = 0; t < T::kStrip; ++t) {
      const int top = 2 * (firstRow + t / T::kTiles);
      const int left = 2 * (t % T::kTiles);
      const float* from = products + (block * T::kStrip + t) * 16;
      float* to =
          job.out.data + outBlock * job.out.plane + (top + 1) * job.out.row + (left + 1) * 16;
      for (int c = 0; c < 16; c += kLanes) {
        Vector columns[8];
#pragma GCC unroll 4
        for (int x = 0; x < 4; ++x) {
          const float* product = from + x * step + c;
          resultTransform(hn::Load(lanes, product), hn::Load(lanes, product + 4 * step),
                          hn::Load(lanes, product + 8 * step), hn::Load(lanes, product + 12 * step),
                          columns + x, 4);
        }
        const Vector bias = hn::Load(lanes, job.bias + outBlock * 16 + c);
#pragma GCC unroll 2
        for (int y = 0; y < 2; ++y) {
          Vector results[2];
          resultTransform(columns[4 * y], columns[4 * y + 1], columns[4 * y + 2],
                          columns[4 * y + 3], results, 1);
#pragma GCC unroll 2
          for (int x = 0; x < 2; ++x) {
            if (top + y >= T::kSide || left + x >= T::kSide) continue;
            float* pixel = to + y * job.out.row + x * 16 + c;
            Vector sum = hn::Add(results[x], bias);
            if (job.addsToOut) sum = hn::Add(sum, hn::Load(lanes, pixel));
            hn::Store(hn::Max(sum, hn::Zero(lanes)), lanes, pixel);
          }
        }
      }
    }
  }
}

template <typename T, typename Products>
void winograd(const ConvolutionJob& job) {
  using Element = typename Products::Element;
  const std::size_t blocks = job.in.blocks;
  float* out = job.scratch;
  auto* in = reinterpret_cast<Element*>(out + T::kProducts * T::productStep(T::kGroupBlocks));
  const std::size_t weightStep = blocks * 16 * T::kGroupBlocks * 16;
  for (int row = 0; row < T::kTiles; row += T::kStripRows) {
    transformStrip<T, Products>(job.in, row, in);
    for (std::size_t group = 0; group < job.out.blocks / T::kGroupBlocks; ++group) {
      const auto* weights =
          static_cast<const Element*>(job.weights) + group * T::kProducts * weightStep;
      for (int product = 0; product < T::kProducts; ++product) {
        multiplyStrip<T, Products>(in + product * T::productStep(blocks), blocks,
                                   weights + product * weightStep,
                                   out + product * T::productStep(T::kGroupBlocks));
      }
      transformBack<T>(job, group, row, out);
    }
  }
}

template <typename T, typename Products = FloatProducts>
constexpr Convolution winogradConvolution() {
  return {T::kSide, 1, 3, T::kGroupBlocks, T::kStrip, Products::kOperands, &winograd<T, Products>};
}

}  // namespace
}  // namespace countenance::nn
