#pragma once

#include "nn/lanes.h"
#include "nn/network_kernels.h"

// Depthwise convolution and the largest value of windows, over maps whose pixels hold all their
// channels together: one vector of channels at a time, along a row.

namespace countenance::nn {
namespace {

/// Keeps a loaded value in a register. GCC folds a load into every instruction that uses it, and on
/// AVX-512 these loads mostly cross a cache line: BlazeFace takes 4.50 ms with, 4.31 without it
/// (Zen 4). With AVX2 there is no register to spare.
template <typename V>
HWY_INLINE void keepInRegister(V& value) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(value.raw));
#else
  static_cast<void>(value);
#endif
}

/// Some channels of a row: as many as D has lanes.
template <typename D>
struct DepthwiseLane {
  const RowDepthwiseJob& job;
  std::size_t channel;
  D d;

  HWY_INLINE hn::Vec<D> bias() const { return hn::LoadU(d, job.bias + channel); }

  HWY_INLINE void store(hn::Vec<D> sum, std::size_t x) const {
    if (job.bend != Bend::kNone) {
      const hn::Vec<D> zero = hn::Zero(d);
      const hn::Vec<D> below = hn::Min(sum, zero);
      sum = hn::Max(sum, zero);
      if (job.bend == Bend::kPrelu) sum = hn::MulAdd(below, hn::LoadU(d, job.slope + channel), sum);
    }
    hn::StoreU(sum, d, job.out + x * job.channels + channel);
  }

  /// The result's pixels `from` to `to`, whose windows may hang over the edges.
  void clipped(std::size_t from, std::size_t to) const {
    for (std::size_t x = from; x < to; ++x) {
      hn::Vec<D> sum = bias();
      for (std::size_t kx = 0; kx < job.kernel; ++kx) {
        const std::size_t column = x * job.stride + kx - job.padBefore;
        if (column >= job.width) continue;  // or before the first: the number wraps around
        for (std::size_t ky = 0; ky < job.kernel; ++ky) {
          const std::size_t tap = ky * job.kernel + kx;
          sum = hn::MulAdd(hn::LoadU(d, job.rows[ky] + column * job.channels + channel),
                           hn::LoadU(d, job.weights + tap * job.channels + channel), sum);
        }
      }
      store(sum, x);
    }
  }

  /// `width` neighbouring results of a 3 x 3 kernel, whose windows lie in the row: each input is
  /// loaded once for all windows that it is in.
  template <int stride, int width>
  HWY_INLINE void inside(const hn::Vec<D>* weights, std::size_t x) const {
    constexpr int kColumns = (width - 1) * stride + 3;
    const std::size_t first = (x * stride - job.padBefore) * job.channels + channel;
    hn::Vec<D> sums[width];
#pragma GCC unroll 8
    for (int i = 0; i < width; ++i) sums[i] = bias();
#pragma GCC unroll 3
    for (int ky = 0; ky < 3; ++ky) {
      const float* HWY_RESTRICT in = job.rows[ky] + first;
#pragma GCC unroll 16
      for (int column = 0; column < kColumns; ++column, in += job.channels) {
        hn::Vec<D> value = hn::LoadU(d, in);
        keepInRegister(value);
#pragma GCC unroll 8
        for (int i = 0; i < width; ++i) {
          const int kx = column - i * stride;
          if (kx < 0 || kx > 2) continue;
          sums[i] = hn::MulAdd(value, weights[ky * 3 + kx], sums[i]);
        }
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < width; ++i) store(sums[i], x + i);
  }

  /// One result of a 3 x 3 kernel whose window has `count` columns in the row, from `first` on.
  template <int first, int count>
  HWY_INLINE void edge(const hn::Vec<D>* weights, std::size_t x) const {
    const std::size_t column = x * job.stride + first - job.padBefore;
    hn::Vec<D> sum = bias();
#pragma GCC unroll 3
    for (int ky = 0; ky < 3; ++ky) {
      const float* HWY_RESTRICT in = job.rows[ky] + column * job.channels + channel;
#pragma GCC unroll 3
      for (int i = 0; i < count; ++i) {
        sum = hn::MulAdd(hn::LoadU(d, in + i * job.channels), weights[ky * 3 + first + i], sum);
      }
    }
    store(sum, x);
  }

  template <int stride>
  HWY_INLINE void row() const {
    constexpr int kWidth = stride == 1 ? 4 : 2;
    hn::Vec<D> weights[9];
#pragma GCC unroll 9
    for (int i = 0; i < 9; ++i) weights[i] = hn::LoadU(d, job.weights + i * job.channels + channel);
    const std::size_t left = (job.padBefore + stride - 1) / stride;
    const std::size_t right = (job.width + job.padBefore - 3) / stride + 1;  // where they hang over
    std::size_t x = left < job.outWidth ? left : job.outWidth;
    if (x == 1 && job.padBefore == 1 && job.width > 1) {
      edge<1, 2>(weights, 0);
    } else {
      clipped(0, x);
    }
    for (; x + kWidth <= right && x + kWidth <= job.outWidth; x += kWidth) {
      inside<stride, kWidth>(weights, x);
    }
    for (; x < right && x < job.outWidth; ++x) inside<stride, 1>(weights, x);
    if (x + 1 == job.outWidth && x * stride + 2 == job.width + job.padBefore) {
      edge<0, 2>(weights, x);
    } else {
      clipped(x, job.outWidth);
    }
  }

  HWY_INLINE void run() const {
    const bool wide = job.kernel == 3 && job.width + job.padBefore >= 3;
    if (wide && job.stride == 1) {
      row<1>();
    } else if (wide && job.stride == 2) {
      row<2>();
    } else {
      clipped(0, job.outWidth);
    }
  }
};

HWY_MAYBE_UNUSED void depthwiseRow(const RowDepthwiseJob& job) {
  const Lanes lanes;
  std::size_t channel = 0;
  for (; channel + kLanes <= job.channels; channel += kLanes) {
    DepthwiseLane<Lanes>{job, channel, lanes}.run();
  }
  if (channel < job.channels) {
    using Half = hn::CappedTag<float, 8>;
    DepthwiseLane<Half>{job, channel, Half()}.run();
  }
}

HWY_MAYBE_UNUSED void maximumRow(const RowMaxJob& job) {
  using Step = hn::CappedTag<float, kChannelStep>;
  const Step d;
  for (std::size_t x = 0; x < job.outWidth; ++x) {
    const std::size_t first = x * job.stride < job.padBefore ? 0 : x * job.stride - job.padBefore;
    std::size_t end = x * job.stride + job.kernel - job.padBefore;
    if (end > job.width) end = job.width;
    for (std::size_t c = 0; c < job.channels; c += hn::Lanes(d)) {
      hn::Vec<Step> most = hn::LoadU(d, job.rows[0] + first * job.channels + c);
      for (std::size_t row = 0; row < job.rowCount; ++row) {
        for (std::size_t column = first; column < end; ++column) {
          most = hn::Max(most, hn::LoadU(d, job.rows[row] + column * job.channels + c));
        }
      }
      hn::StoreU(most, d, job.out + x * job.channels + c);
    }
  }
}

}  // namespace
}  // namespace countenance::nn
