#pragma once

#include <cstddef>
#include <vector>

namespace countenance::nn {

/// A square feature map and its place in the scratch memory, in floats.
struct Map {
  std::size_t channels = 0;
  std::size_t side = 0;
  std::size_t offset = 0;
};

enum class LayerKind { kMaxPool, kMeanPool, kConvolution };

/// One step: reads `in`, writes `out`. The last three fields are a convolution's.
struct Layer {
  LayerKind kind = LayerKind::kConvolution;
  Map in;
  Map out;
  std::size_t stride = 1;
  std::size_t kernel = 3;
  bool addsToOut = false;  ///< The end of a residual block: `out` holds the block's input.
};

/// dlib's ResNet v1 as a flat list, in the order of execution: what follows the first convolution
/// and precedes the mean of the last map.
struct ResNetPlan {
  Map first;  ///< The output of the first convolution.
  Map last;
  std::vector<Layer> layers;
  std::size_t pixels = 0;       ///< Where the chip lies as floats.
  std::size_t scratchSize = 0;  ///< In floats.
};

ResNetPlan resNetPlan();

}  // namespace countenance::nn
