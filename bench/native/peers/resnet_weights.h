#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nn/resnet_plan.h"

namespace countenance::bench {

/// One convolution with its weights as [outputs][inputs][kernel][kernel].
struct PeerConvolution {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t kernel = 0;
  std::size_t stride = 1;
  std::vector<float> weights;
  std::vector<float> bias;
};

/// dlib's ResNet as our own model file holds it: what the peers' libraries run. The layers between
/// the first convolution and the mean are those of nn/resnet_plan.h.
struct ResNetWeights {
  static constexpr std::size_t kChipSide = 150;
  static constexpr std::size_t kFeatures = 256;
  static constexpr std::size_t kDimension = 128;

  nn::ResNetPlan plan;
  PeerConvolution stem;  ///< Takes pixels of 0..255: the normalisation is folded in, as in ours.
  std::vector<PeerConvolution> convolutions;  ///< Of the plan's layers, in their order.
  std::vector<float> head;                    ///< [kDimension][kFeatures]
};

/// @param path  models/dlib-resnet-v1.bin
/// @throws Error(kModelCorrupt), std::runtime_error when there is no such file.
ResNetWeights readResNetWeights(const std::string& path);

/// A copy of [outputs][inputs][kernel][kernel] as [outputs][kernel][kernel][inputs].
std::vector<float> channelsLast(const PeerConvolution& convolution);

}  // namespace countenance::bench
