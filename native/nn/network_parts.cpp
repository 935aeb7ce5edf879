#include "nn/network_parts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "nn/model_file.h"

namespace countenance::nn {
namespace {

/// The input's pixels may stay as compact as the caller writes them where only convolutions read
/// them: these take a window's row as one run of floats.
bool readsCompactInput(const NetworkPlan& plan, const std::vector<NetworkStep>& steps) {
  if (plan.shapes[0].channels % kChannelStep == 0) return true;
  return std::all_of(steps.begin(), steps.end(), [](const NetworkStep& step) {
    const bool plain =
        step.kind == NetworkLayerKind::kConvolution && step.depthwise == NetworkStep::kNone;
    return step.b != 0 && (step.a != 0 || plain);
  });
}

/// Everything besides the weights.
class Arranger final {
 public:
  Arranger(NetworkPlan plan, const NetworkKernels& kernels) {
    parts_.plan = std::move(plan);
    parts_.kernels = &kernels;
    parts_.steps = networkSteps(parts_.plan);
    const std::size_t channels = parts_.plan.shapes[0].channels;
    const bool compact = readsCompactInput(parts_.plan, parts_.steps);
    parts_.schedule =
        networkSchedule(parts_.plan, parts_.steps, compact ? channels : paddedChannels(channels));
    parts_.scratchSize = parts_.schedule.size;
    if (!compact) parts_.compactInput = reserve(parts_.plan.shapes[0].size());
  }

  NetworkParts arrange() {
    reserveWindows();
    for (const std::size_t value : parts_.plan.outputs) {
      const Shape3& shape = parts_.plan.shapes[value];
      const bool compact = shape.channels % kChannelStep == 0;
      parts_.compactOutputs.push_back(compact ? NetworkParts::kNone : reserve(shape.size()));
    }
    std::size_t longest = 0;
    for (const ValuePlace& place : parts_.schedule.values) {
      longest = std::max(longest, place.rowSize);
    }
    for (const NetworkLayer& layer : parts_.plan.layers) {
      const ValuePlace& place = parts_.schedule.values[layer.a];
      const std::size_t borders = (layer.padBefore + layer.padAfter) * place.channels;
      longest = std::max(longest, place.rowSize + borders);
    }
    parts_.zeros = AlignedFloats(longest);
    return std::move(parts_);
  }

 private:
  std::size_t reserve(std::size_t floats) {
    const std::size_t offset = parts_.scratchSize;
    parts_.scratchSize += (floats + kBlock - 1) / kBlock * kBlock;
    return offset;
  }

  void reserveWindows() {
    parts_.paddedWindows.assign(parts_.plan.layers.size(), NetworkParts::kNone);
    std::size_t between = 0;
    for (const Band& band : parts_.schedule.bands) {
      const NetworkStep& step = parts_.steps[band.step];
      if (step.depthwise != NetworkStep::kNone) {
        const std::size_t value = step.depthwise + 1;  // it has no place of its own
        between =
            std::max(between, (band.rows.to - band.rows.from) * parts_.plan.shapes[value].width *
                                  paddedChannels(parts_.plan.shapes[value].channels));
      }
      const NetworkLayer& layer = parts_.plan.layers[step.layer];
      std::size_t& offset = parts_.paddedWindows[step.layer];
      if (step.kind == NetworkLayerKind::kConvolution && layer.padBefore + layer.padAfter > 0 &&
          offset == NetworkParts::kNone) {
        const ValuePlace& place = parts_.schedule.values[layer.a];
        offset = reserve(layer.kernel *
                         (place.rowSize + (layer.padBefore + layer.padAfter) * place.channels));
      }
    }
    parts_.depthwiseRows = reserve(between);
  }

  NetworkParts parts_;
};

LayerWeights loadWeights(const ModelFile& model, const NetworkParts& parts, std::size_t number) {
  const NetworkLayer& layer = parts.plan.layers[number];
  const std::string name = std::to_string(number);
  const std::size_t inputs = parts.plan.shapes[layer.a].channels;
  const std::size_t outputs = parts.plan.shapes[number + 1].channels;
  const std::size_t pixel = paddedChannels(outputs);
  const std::size_t k = layer.kernel;
  LayerWeights loaded;
  if (layer.kind == NetworkLayerKind::kConvolution) {
    loaded.convolution =
        packRows(model.values<float>(name + ".weights", {outputs, k, k, inputs}), outputs, k,
                 inputs, parts.schedule.values[layer.a].channels, *parts.kernels);
  } else if (layer.kind == NetworkLayerKind::kDepthwise) {
    loaded.depthwise =
        padded(model.values<float>(name + ".weights", {k, k, outputs}), outputs, pixel);
  }
  if (layer.hasWeights()) {
    loaded.bias = padded(model.values<float>(name + ".bias", {outputs}), outputs, pixel);
  }
  if (layer.activation == Activation::kPrelu) {
    loaded.slope = padded(model.values<float>(name + ".slope", {outputs}), outputs, pixel);
  }
  return loaded;
}

}  // namespace

NetworkParts networkParts(const ModelFile& model, const Kernels& kernels) {
  NetworkParts parts = Arranger(networkPlan(model), *kernels.network).arrange();
  std::vector<LayerWeights> weights;
  for (std::size_t i = 0; i < parts.plan.layers.size(); ++i) {
    weights.push_back(loadWeights(model, parts, i));
  }
  parts.weights = std::make_shared<const std::vector<LayerWeights>>(std::move(weights));
  return parts;
}

NetworkParts resizedParts(const NetworkParts& parts, InputSize size) {
  NetworkParts resized = Arranger(resizedPlan(parts.plan, size), *parts.kernels).arrange();
  resized.weights = parts.weights;
  return resized;
}

}  // namespace countenance::nn
