#pragma once

#include <cstddef>
#include <vector>

#include "nn/network_plan.h"

namespace countenance::nn {

/// What makes one value: a layer, or up to three that pass a row together so that nothing between
/// them leaves the first cache: a depthwise convolution, the convolution of 1 x 1 that alone reads
/// it, and the sum that alone reads that one.
struct NetworkStep {
  static constexpr std::size_t kNone = ~std::size_t{0};

  NetworkLayerKind kind = NetworkLayerKind::kActivation;
  std::size_t layer = 0;            ///< Whose weights and window count.
  std::size_t depthwise = kNone;    ///< The layer in front of a convolution.
  std::size_t a = 0;                ///< The value that is read, by the depthwise layer if any.
  std::size_t b = kNone;            ///< The value that is added to it, or that scales it.
  std::size_t activationLayer = 0;  ///< Whose activation ends the step.
};

/// @returns the step of each layer. What a step took over from other layers makes these
/// superfluous: nobody reads their values any more.
std::vector<NetworkStep> networkSteps(const NetworkPlan& plan);

/// The rows of a value that the rows from `from` to `to` of a step's result need.
struct Rows {
  std::size_t from;
  std::size_t to;
};
Rows rowsRead(const NetworkPlan& plan, const NetworkStep& step, std::size_t value, Rows result);

}  // namespace countenance::nn
