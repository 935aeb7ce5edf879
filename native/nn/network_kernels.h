#pragma once

#include <cstddef>

// What a layer-list network asks of a CPU (nn/network.h). Only plain data, as in nn/kernels.h.
//
// A map lies in memory as [row][pixel][channels]: a pixel's channels together, padded to a multiple
// of kChannelStep. There is no border: a window's rows come as pointers, those outside of the map
// point to zeros.

namespace countenance::nn {

/// Half a vector of AVX-512: 24 channels, of which BlazeFace has most, then waste nothing.
constexpr std::size_t kChannelStep = 8;

/// x, max(x, 0), or max(x, 0) + slope * min(x, 0).
enum class Bend : int { kNone, kRelu, kPrelu };

/// out = bend(bias + weights * window + added), for pixels side by side.
struct RowConvolutionJob {
  const float* const* rows;  ///< Each row of the window of the first pixel.
  std::size_t rowCount;
  std::size_t rowLength;  ///< Floats of a window's row: all channels of neighbouring pixels.
  std::size_t step;       ///< Floats from one window to the next.
  std::size_t pixels;
  float* out;  ///< [pixels][channels]
  std::size_t channels;
  const float* weights;       ///< Group after group: [rowCount][rowLength][the group's channels]
  const std::size_t* groups;  ///< Channels of each group that is computed together.
  const float* bias;
  const float* slope;
  const float* added;         ///< [pixels][addedChannels], or null.
  std::size_t addedChannels;  ///< At most `channels`, a multiple of kChannelStep.
  Bend bend;
};

/// out = bend(bias + weights * window), each channel by itself, for one row of pixels.
struct RowDepthwiseJob {
  const float* const* rows;  ///< The map's rows (or zeros) that the windows cover: `kernel`.
  std::size_t width;         ///< Pixels of such a row.
  std::size_t channels;
  std::size_t kernel;
  std::size_t stride;
  std::size_t padBefore;
  std::size_t outWidth;
  float* out;            ///< [outWidth][channels]
  const float* weights;  ///< [kernel][kernel][channels]
  const float* bias;
  const float* slope;
  Bend bend;
};

/// The largest value of each window, for one row of pixels.
struct RowMaxJob {
  const float* const* rows;  ///< Those of the window that are in the map.
  std::size_t rowCount;
  std::size_t width;
  std::size_t channels;
  std::size_t kernel;
  std::size_t stride;
  std::size_t padBefore;
  std::size_t outWidth;
  float* out;
};

struct NetworkKernels {
  /// The sizes of groups of channels that convolve() takes, largest first; the last is
  /// kChannelStep.
  const std::size_t* groupSizes;
  void (*convolve)(const RowConvolutionJob&);
  void (*depthwise)(const RowDepthwiseJob&);
  void (*maximum)(const RowMaxJob&);
};

}  // namespace countenance::nn
