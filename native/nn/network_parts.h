#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "nn/aligned_floats.h"
#include "nn/kernels.h"
#include "nn/network_kernels.h"
#include "nn/network_plan.h"
#include "nn/network_schedule.h"
#include "nn/network_steps.h"
#include "nn/network_weights.h"

namespace countenance::nn {

/// A layer's tensors, padded as the pixels of the maps are.
struct LayerWeights {
  PackedRows convolution;
  AlignedFloats depthwise;
  AlignedFloats bias;
  AlignedFloats slope;
};

/// All that a network is made of once it is loaded.
struct NetworkParts {
  static constexpr std::size_t kNone = NetworkStep::kNone;

  NetworkPlan plan;
  const NetworkKernels* kernels = nullptr;
  std::vector<NetworkStep> steps;
  NetworkSchedule schedule;
  /// Of the layers. Networks that differ in the size of their input only share them.
  std::shared_ptr<const std::vector<LayerWeights>> weights;
  AlignedFloats zeros;  // a row outside of any map

  // Where things besides the values lie in the scratch memory, or kNone.
  std::size_t scratchSize = 0;
  std::size_t compactInput = kNone;         ///< The input before its pixels are padded.
  std::size_t depthwiseRows = kNone;        ///< Between a depthwise convolution and what reads it.
  std::vector<std::size_t> paddedWindows;   ///< Of the layers: their window's rows with borders.
  std::vector<std::size_t> compactOutputs;  ///< Outputs without the padding of their pixels.
};

/// @throws as Network's constructor does.
NetworkParts networkParts(const ModelFile& model, const Kernels& kernels);

/// @throws as Network::resized does.
NetworkParts resizedParts(const NetworkParts& parts, InputSize size);

}  // namespace countenance::nn
