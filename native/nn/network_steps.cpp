#include "nn/network_steps.h"

#include <algorithm>

#include "nn/network_kernels.h"

namespace countenance::nn {
namespace {

class Joiner final {
 public:
  explicit Joiner(const NetworkPlan& plan) : plan_(plan), readers_(plan.shapes.size()) {
    for (const NetworkLayer& layer : plan.layers) {
      ++readers_[layer.a];
      if (layer.hasSecondInput()) ++readers_[layer.b];
    }
    for (const std::size_t value : plan.outputs) ++readers_[value];
  }

  std::vector<NetworkStep> steps() {
    for (std::size_t i = 0; i < plan_.layers.size(); ++i) steps_.push_back(step(i));
    return steps_;
  }

 private:
  NetworkStep step(std::size_t number) const {
    const NetworkLayer& layer = plan_.layers[number];
    NetworkStep step;
    step.kind = layer.kind;
    step.layer = step.activationLayer = number;
    step.a = layer.a;
    if (layer.hasSecondInput()) step.b = layer.b;
    if (layer.kind == NetworkLayerKind::kConvolution) return behindDepthwise(step);
    if (layer.kind == NetworkLayerKind::kAdd) return intoConvolution(step);
    return step;
  }

  /// The layer that makes this value, if the value has one reader and no sigmoid ends it.
  const NetworkLayer* soleMaker(std::size_t value) const {
    if (value == 0 || readers_[value] != 1) return nullptr;
    const NetworkLayer& layer = plan_.layers[value - 1];
    return layer.activation == Activation::kSigmoid ? nullptr : &layer;
  }

  NetworkStep behindDepthwise(NetworkStep step) const {
    const NetworkLayer& layer = plan_.layers[step.layer];
    const NetworkLayer* front = soleMaker(layer.a);
    if (front != nullptr && front->kind == NetworkLayerKind::kDepthwise && layer.kernel == 1 &&
        layer.stride == 1) {
      step.depthwise = layer.a - 1;
      step.a = front->a;
    }
    return step;
  }

  NetworkStep intoConvolution(const NetworkStep& sum) const {
    const std::size_t last = std::max(sum.a, sum.b);
    const std::size_t other = std::min(sum.a, sum.b);
    for (const auto& [value, added] : {std::pair{last, other}, std::pair{other, last}}) {
      const NetworkLayer* layer = soleMaker(value);
      if (layer == nullptr || layer->kind != NetworkLayerKind::kConvolution ||
          layer->activation != Activation::kNone) {
        continue;
      }
      NetworkStep step = steps_[value - 1];
      step.b = withoutPadding(added);
      step.activationLayer = sum.layer;
      return step;
    }
    return sum;
  }

  /// Instead of a value with zeros for its last channels, the one without: the sum knows how many
  /// channels are added. Not when the memory behind the channels may hold something else than
  /// zeros.
  std::size_t withoutPadding(std::size_t value) const {
    if (value == 0) return value;
    const NetworkLayer& layer = plan_.layers[value - 1];
    const bool pads = layer.kind == NetworkLayerKind::kPadChannels &&
                      layer.activation == Activation::kNone &&
                      plan_.shapes[layer.a].channels % kChannelStep == 0;
    return pads ? layer.a : value;
  }

  const NetworkPlan& plan_;
  std::vector<std::size_t> readers_;  // of the values
  std::vector<NetworkStep> steps_;
};

Rows windowRows(const NetworkLayer& layer, std::size_t height, Rows result) {
  const std::size_t from = result.from * layer.stride;
  const std::size_t to = (result.to - 1) * layer.stride + layer.kernel - layer.padBefore;
  return {from > layer.padBefore ? from - layer.padBefore : 0, std::min(to, height)};
}

/// Of the step's value a.
Rows mainRows(const NetworkPlan& plan, const NetworkStep& step, Rows result) {
  const std::size_t height = plan.shapes[step.a].height;
  const std::size_t first = step.depthwise == NetworkStep::kNone ? step.layer : step.depthwise;
  if (plan.layers[first].hasWindow()) return windowRows(plan.layers[first], height, result);
  if (step.kind == NetworkLayerKind::kMean) return {0, height};
  if (step.kind == NetworkLayerKind::kEnlarge) return {result.from / 2, (result.to + 1) / 2};
  return result;
}

}  // namespace

std::vector<NetworkStep> networkSteps(const NetworkPlan& plan) { return Joiner(plan).steps(); }

Rows rowsRead(const NetworkPlan& plan, const NetworkStep& step, std::size_t value, Rows result) {
  const Rows second = step.kind == NetworkLayerKind::kScale ? Rows{0, 1} : result;
  if (value != step.a) return second;
  const Rows main = mainRows(plan, step, result);
  if (value != step.b) return main;
  return {std::min(main.from, second.from), std::max(main.to, second.to)};
}

}  // namespace countenance::nn
