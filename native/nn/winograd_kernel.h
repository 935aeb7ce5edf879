#pragma once

#include "nn/lanes.h"

// 3 x 3 convolution of stride 1 by Winograd's F(r x r, 3 x 3) (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2015): windows of (r + 2) x (r + 2) pixels give r x r results.
// Per result and pair of channels that is 4 multiplications for r = 2 and 2.25 for r = 4, instead
// of 9. Each strip of tiles passes three steps, which all stay in the cache: the windows'
// transform, as many matrix products as a window has pixels, the transform back.

namespace countenance::nn {
namespace {

/// F(2 x 2): rounds hardly more than a direct convolution.
struct Winograd2 {
  static constexpr int kResults = 2;
  static constexpr int kWindow = 4;

  /// (1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1) * in
  static HWY_INLINE void window(const Vector* in, int inStep, Vector* out, int step) {
    const Vector b = in[inStep];
    const Vector c = in[2 * inStep];
    out[0] = hn::Sub(in[0], c);
    out[step] = hn::Add(b, c);
    out[2 * step] = hn::Sub(c, b);
    out[3 * step] = hn::Sub(b, in[3 * inStep]);
  }

  /// (1 1 1 0; 0 1 -1 -1) * in
  static HWY_INLINE void results(const Vector* in, int inStep, Vector* out, int step) {
    const Vector b = in[inStep];
    const Vector c = in[2 * inStep];
    out[0] = hn::Add(hn::Add(in[0], b), c);
    out[step] = hn::Sub(hn::Sub(b, c), in[3 * inStep]);
  }
};

/// F(4 x 4): the least arithmetic, about three times the rounding.
struct Winograd4 {
  static constexpr int kResults = 4;
  static constexpr int kWindow = 6;

  /// (4 0 -5 0 1 0; 0 -4 -4 1 1 0; 0 4 -4 -1 1 0; 0 -2 -1 2 1 0; 0 2 -1 -2 1 0; 0 4 0 -5 0 1) * in
  static HWY_INLINE void window(const Vector* in, int inStep, Vector* out, int step) {
    const Lanes lanes;
    const Vector two = hn::Set(lanes, 2);
    const Vector four = hn::Set(lanes, 4);
    const Vector five = hn::Set(lanes, 5);
    const Vector b = in[inStep];
    const Vector c = in[2 * inStep];
    const Vector d = in[3 * inStep];
    const Vector e = in[4 * inStep];
    out[0] = hn::NegMulAdd(five, c, hn::MulAdd(four, in[0], e));
    const Vector even4 = hn::NegMulAdd(four, c, e);
    const Vector odd4 = hn::NegMulAdd(four, b, d);
    out[step] = hn::Add(even4, odd4);
    out[2 * step] = hn::Sub(even4, odd4);
    const Vector even1 = hn::Sub(e, c);
    const Vector odd1 = hn::Sub(d, b);
    out[3 * step] = hn::MulAdd(two, odd1, even1);
    out[4 * step] = hn::NegMulAdd(two, odd1, even1);
    out[5 * step] = hn::NegMulAdd(five, d, hn::MulAdd(four, b, in[5 * inStep]));
  }

  /// (1 1 1 1 1 0; 0 1 -1 2 -2 0; 0 1 1 4 4 0; 0 1 -1 8 -8 1) * in
  static HWY_INLINE void results(const Vector* in, int inStep, Vector* out, int step) {
    const Lanes lanes;
    const Vector sum1 = hn::Add(in[inStep], in[2 * inStep]);
    const Vector difference1 = hn::Sub(in[inStep], in[2 * inStep]);
    const Vector sum2 = hn::Add(in[3 * inStep], in[4 * inStep]);
    const Vector difference2 = hn::Sub(in[3 * inStep], in[4 * inStep]);
    out[0] = hn::Add(hn::Add(in[0], sum1), sum2);
    out[step] = hn::MulAdd(hn::Set(lanes, 2), difference2, difference1);
    out[2 * step] = hn::MulAdd(hn::Set(lanes, 4), sum2, sum1);
    out[3 * step] =
        hn::Add(hn::MulAdd(hn::Set(lanes, 8), difference2, difference1), in[5 * inStep]);
  }
};

/// A map of side x side pixels, in strips of `stripRows` rows of tiles; a matrix product takes
/// `width` tiles and `groupBlocks` blocks of output channels at a time.
template <typename Form, int side, int stripRows, int width, int groupBlocks>
struct WinogradTiling {
  using Transform = Form;
  static constexpr int kSide = side;
  static constexpr int kStripRows = stripRows;
  static constexpr int kWidth = width;
  static constexpr int kGroupBlocks = groupBlocks;
  static constexpr int kResults = Form::kResults;
  static constexpr int kWindow = Form::kWindow;
  static constexpr int kTiles = (side + kResults - 1) / kResults;  // in a row and in a column
  static constexpr int kStrip = stripRows * kTiles;
  static constexpr int kGroupVectors = groupBlocks * kBlockVectors;
  static constexpr int kProducts = kWindow * kWindow;
  static_assert(kTiles % stripRows == 0);

  /// Elements from one product to the next: one line more than the strip, so that the streams do
  /// not meet in one set of the cache.
  static constexpr std::size_t productStep(std::size_t blocks) {
    return (blocks * kStrip + 1) * 16;
  }
};

/// products[kProducts][block][tile of the strip][16]; the strip's first row of tiles is `firstRow`.
template <typename T, typename Products>
HWY_INLINE void transformStrip(const MapView& in, int firstRow,
                               typename Products::Element* products) {
  const Lanes lanes;
  constexpr int kWindow = T::kWindow;
  const std::size_t step = T::productStep(in.blocks);
  // A window that hangs over the border reads the border again: all of it is zero.
  const auto inside = [](int i) { return i < T::kSide + 1 ? i : T::kSide + 1; };
  for (std::size_t block = 0; block < in.blocks; ++block) {
    for (int t = 0; t < T::kStrip; ++t) {
      const int top = T::kResults * (firstRow + t / T::kTiles);
      const int left = T::kResults * (t % T::kTiles);
      auto* to = products + (block * T::kStrip + t) * 16;
      for (int c = 0; c < 16; c += kLanes) {
        Vector rows[kWindow * kWindow];
#pragma GCC unroll 6
        for (int x = 0; x < kWindow; ++x) {
          const float* pixel = in.data + block * in.plane + inside(left + x) * 16 + c;
          Vector column[kWindow];
#pragma GCC unroll 6
          for (int y = 0; y < kWindow; ++y) {
            column[y] = hn::Load(lanes, pixel + inside(top + y) * in.row);
          }
          T::Transform::window(column, 1, rows + x, kWindow);
        }
#pragma GCC unroll 6
        for (int y = 0; y < kWindow; ++y) {
          Vector out[kWindow];
          T::Transform::window(rows + kWindow * y, 1, out, 1);
#pragma GCC unroll 6
          for (int x = 0; x < kWindow; ++x) {
            Products::store(out[x], to + (kWindow * y + x) * step + c);
          }
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

/// Writes the results of one group: what hangs over the right and lower edge is dropped.
template <typename T>
HWY_INLINE void transformBack(const ConvolutionJob& job, std::size_t group, int firstRow,
                              const float* products) {
  const Lanes lanes;
  constexpr int kWindow = T::kWindow;
  constexpr int kResults = T::kResults;
  const std::size_t step = T::productStep(T::kGroupBlocks);
  for (int block = 0; block < T::kGroupBlocks; ++block) {
    const std::size_t outBlock = group * T::kGroupBlocks + block;
    for (int t = 0; t < T::kStrip; ++t) {
      const int top = kResults * (firstRow + t / T::kTiles);
      const int left = kResults * (t % T::kTiles);
      const float* from = products + (block * T::kStrip + t) * 16;
      float* to =
          job.out.data + outBlock * job.out.plane + (top + 1) * job.out.row + (left + 1) * 16;
      for (int c = 0; c < 16; c += kLanes) {
        Vector columns[kResults * kWindow];
#pragma GCC unroll 6
        for (int x = 0; x < kWindow; ++x) {
          Vector column[kWindow];
#pragma GCC unroll 6
          for (int y = 0; y < kWindow; ++y) {
            column[y] = hn::Load(lanes, from + (kWindow * y + x) * step + c);
          }
          T::Transform::results(column, 1, columns + x, kWindow);
        }
        const Vector bias = hn::Load(lanes, job.bias + outBlock * 16 + c);
#pragma GCC unroll 4
        for (int y = 0; y < kResults; ++y) {
          Vector results[kResults];
          T::Transform::results(columns + kWindow * y, 1, results, 1);
#pragma GCC unroll 4
          for (int x = 0; x < kResults; ++x) {
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
  return {T::kSide,
          1,
          3,
          T::kGroupBlocks,
          T::kResults,
          T::kStrip,
          Products::kOperands,
          &winograd<T, Products>};
}

}  // namespace
}  // namespace countenance::nn
