#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nn/network_plan.h"

namespace countenance::bench {

/// Multiplications and additions of a network's convolutions as its layers are written down, in
/// millions. All else (additions, pools, activations) is left out, as usual.
inline double networkMflop(const nn::NetworkPlan& plan) {
  double flop = 0;
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    const nn::NetworkLayer& layer = plan.layers[i];
    if (!layer.hasWeights()) continue;
    const bool depthwise = layer.kind == nn::NetworkLayerKind::kDepthwise;
    const std::size_t inputs = depthwise ? 1 : plan.shapes[layer.a].channels;
    flop += 2.0 * static_cast<double>(layer.kernel * layer.kernel * inputs) *
            static_cast<double>(plan.shapes[i + 1].size());
  }
  return flop / 1e6;
}

/// The same picture for everybody who runs a network: noise in [0, 1), which no layer can skip.
inline std::vector<float> networkInput(const nn::Shape3& shape) {
  std::vector<float> values(shape.size());
  std::uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;  // Knuth and Lewis, "Numerical Recipes", ranqd1
    value = static_cast<float>(state >> 8U) / static_cast<float>(1U << 24U);
  }
  return values;
}

}  // namespace countenance::bench
