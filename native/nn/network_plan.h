#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// The layers of a network, as a container of kind `network` lists them. Its tensors (i counts the
// layers from 0), all row-major:
//   input    i32 [3]       height, width, channels (1 to 4) of value 0
//   layers   i32 [n][10]   kind, a, b, kernel, stride, padBefore, padAfter, channels of the output,
//                          activation, 0: layer i makes value i + 1 from earlier values a and b
//   outputs  i32 [m]       values; property `outputs`: their names, separated by commas
//   <i>.weights f32        of a convolution [out][kernel][kernel][in], depthwise
//   [kernel][kernel][C] <i>.bias f32 [C]       of both kinds <i>.slope f32 [C]      of activation 2
// A side of the output has (side + padBefore + padAfter - kernel) / stride + 1 pixels. Padding is
// zero, and is told for both ends, as TensorFlow pads them differently. A fully connected layer is
// a convolution as large as its map. Fields that a kind does not use may hold anything.

namespace countenance {
class ModelFile;
}

namespace countenance::nn {

/// Pixels along a side of the largest window, that of a fully connected layer.
constexpr std::size_t kMaxNetworkKernel = 64;

/// A map of values, row by row, a pixel's channels together: [height][width][channels].
struct Shape3 {
  std::size_t height = 0;
  std::size_t width = 0;
  std::size_t channels = 0;

  std::size_t pixels() const { return height * width; }
  std::size_t size() const { return height * width * channels; }
};

/// The numbers are the container's.
enum class NetworkLayerKind : std::int32_t {
  kConvolution = 1,
  kDepthwise = 2,
  kAdd = 3,
  kMaxPool = 4,      ///< Padding never wins.
  kMean = 5,         ///< Of each channel over the whole map.
  kPadChannels = 6,  ///< With zeros, at the end.
  kScale = 7,        ///< By a map of one pixel.
  kEnlarge = 8,      ///< Every pixel becomes 2 x 2.
  kActivation = 9,
};

enum class Activation : std::int32_t { kNone = 0, kRelu = 1, kPrelu = 2, kSigmoid = 3 };

/// Layer i makes value i + 1 from earlier values; value 0 is the network's input.
struct NetworkLayer {
  NetworkLayerKind kind = NetworkLayerKind::kActivation;
  std::size_t a = 0;
  std::size_t b = 0;  ///< The second input of kAdd and kScale.
  std::size_t kernel = 1;
  std::size_t stride = 1;
  std::size_t padBefore = 0;  ///< Above and to the left.
  std::size_t padAfter = 0;
  Activation activation = Activation::kNone;

  bool hasWindow() const {
    return kind == NetworkLayerKind::kConvolution || kind == NetworkLayerKind::kDepthwise ||
           kind == NetworkLayerKind::kMaxPool;
  }
  bool hasWeights() const {
    return kind == NetworkLayerKind::kConvolution || kind == NetworkLayerKind::kDepthwise;
  }
  bool hasSecondInput() const {
    return kind == NetworkLayerKind::kAdd || kind == NetworkLayerKind::kScale;
  }
};

/// Pixels of a network's input.
struct InputSize {
  std::size_t height = 0;
  std::size_t width = 0;
};

/// A container's layer list, checked: every layer reads earlier values only, its window lies in
/// them, all shapes fit, no size overflows.
struct NetworkPlan {
  std::vector<NetworkLayer> layers;
  std::vector<Shape3> shapes;  ///< Of the values: one more than layers.
  std::vector<std::size_t> outputs;
  std::vector<std::string> outputNames;
};

/// @throws Error(kModelCorrupt) when the container's layers are not such a list.
NetworkPlan networkPlan(const ModelFile& model);

/// The same layers for another size of input.
/// @throws Error(kModelCorrupt) when they do not fit it, Error(kInvalidArgument) for one out of
/// range.
NetworkPlan resizedPlan(const NetworkPlan& plan, InputSize size);

}  // namespace countenance::nn
