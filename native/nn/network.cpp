#include "nn/network.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "nn/model_file.h"

namespace countenance::nn {
namespace {

std::vector<float> copied(Span<const float> values) { return {values.begin(), values.end()}; }

}  // namespace

Network::Network(const ModelFile& model, const Kernels& /*kernels*/, InputSize size)
    : plan_(networkPlan(model, size)) {
  for (std::size_t i = 0; i < plan_.layers.size(); ++i) weights_.push_back(load(model, i));
  place();
}

Network::Weights Network::load(const ModelFile& model, std::size_t number) const {
  const NetworkLayer& layer = plan_.layers[number];
  const std::string name = std::to_string(number);
  const std::size_t inputs = plan_.shapes[layer.a].channels;
  const std::size_t outputs = plan_.shapes[number + 1].channels;
  Weights loaded;
  if (layer.hasWeights()) {
    const Shape shape = layer.kind == NetworkLayerKind::kConvolution
                            ? Shape{outputs, layer.kernel, layer.kernel, inputs}
                            : Shape{layer.kernel, layer.kernel, outputs};
    loaded.weights = copied(model.values<float>(name + ".weights", shape));
    loaded.bias = copied(model.values<float>(name + ".bias", {outputs}));
  }
  if (layer.activation == Activation::kPrelu) {
    loaded.slope = copied(model.values<float>(name + ".slope", {outputs}));
  }
  return loaded;
}

/// Gives every value its place; the memory of values that nobody needs any more is used again.
void Network::place() {
  const std::size_t layers = plan_.layers.size();
  std::vector<std::size_t> lastUse(layers + 1);
  for (std::size_t i = 0; i < layers; ++i) {
    lastUse[plan_.layers[i].a] = lastUse[i + 1] = i;
    if (plan_.layers[i].hasSecondInput()) lastUse[plan_.layers[i].b] = i;
  }
  for (const std::size_t value : plan_.outputs) lastUse[value] = layers;
  for (std::size_t value = 0; value <= layers; ++value) {
    const std::size_t made = value == 0 ? 0 : value - 1;
    const std::size_t size = (plan_.shapes[value].size() + kBlock - 1) / kBlock * kBlock;
    std::size_t offset = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t other = 0; other < value; ++other) {
        const std::size_t end = offsets_[other] + plan_.shapes[other].size();
        if (lastUse[other] < made || end <= offset || offset + size <= offsets_[other]) continue;
        offset = (end + kBlock - 1) / kBlock * kBlock;
        moved = true;
      }
    }
    offsets_.push_back(offset);
    scratchSize_ = std::max(scratchSize_, offset + size);
  }
}

std::size_t Network::outputIndex(const std::string& name) const {
  const auto found = std::find(plan_.outputNames.begin(), plan_.outputNames.end(), name);
  if (found == plan_.outputNames.end()) {
    throw Error(ErrorCode::kModelCorrupt, "network: it has no output named " + name);
  }
  return static_cast<std::size_t>(found - plan_.outputNames.begin());
}

Span<float> Network::input(AlignedFloats& scratch) const {
  return {scratch.data() + offsets_[0], plan_.shapes[0].size()};
}

Span<const float> Network::output(const AlignedFloats& scratch, std::size_t index) const {
  return {scratch.data() + offsets_[plan_.outputs[index]], outputShape(index).size()};
}

void Network::run(AlignedFloats& scratch) const {
  for (std::size_t i = 0; i < plan_.layers.size(); ++i) runLayer(i, scratch.data());
}

void Network::runLayer(std::size_t number, float* scratch) const {
  const NetworkLayer& layer = plan_.layers[number];
  const Weights& weights = weights_[number];
  const Shape3& in = plan_.shapes[layer.a];
  const Shape3& shape = plan_.shapes[number + 1];
  const float* a = scratch + offsets_[layer.a];
  const float* b = scratch + offsets_[layer.b];
  float* out = scratch + offsets_[number + 1];
  for (std::size_t y = 0; y < shape.height; ++y) {
    for (std::size_t x = 0; x < shape.width; ++x) {
      const std::size_t pixel = y * shape.width + x;
      // Calls body(input pixel, tap) for the window's pixels that are not padding.
      const auto window = [&](auto&& body) {
        for (std::size_t tap = 0; tap < layer.kernel * layer.kernel; ++tap) {
          const std::size_t row = y * layer.stride + tap / layer.kernel - layer.padBefore;
          const std::size_t column = x * layer.stride + tap % layer.kernel - layer.padBefore;
          if (row < in.height && column < in.width) {
            body(a + (row * in.width + column) * in.channels, tap);
          }
        }
      };
      for (std::size_t c = 0; c < shape.channels; ++c) {
        float value = 0;
        switch (layer.kind) {
          case NetworkLayerKind::kConvolution:
            value = weights.bias[c];
            window([&](const float* from, std::size_t tap) {
              const float* part =
                  weights.weights.data() + (c * layer.kernel * layer.kernel + tap) * in.channels;
              for (std::size_t i = 0; i < in.channels; ++i) value += from[i] * part[i];
            });
            break;
          case NetworkLayerKind::kDepthwise:
            value = weights.bias[c];
            window([&](const float* from, std::size_t tap) {
              value += from[c] * weights.weights[tap * shape.channels + c];
            });
            break;
          case NetworkLayerKind::kMaxPool:
            value = -std::numeric_limits<float>::infinity();
            window([&](const float* from, std::size_t) { value = std::max(value, from[c]); });
            break;
          case NetworkLayerKind::kAdd:
            value = a[pixel * shape.channels + c] + b[pixel * shape.channels + c];
            break;
          case NetworkLayerKind::kMean:
            for (std::size_t i = 0; i < in.pixels(); ++i) value += a[i * in.channels + c];
            value /= static_cast<float>(in.pixels());
            break;
          case NetworkLayerKind::kPadChannels:
            if (c < in.channels) value = a[pixel * in.channels + c];
            break;
          case NetworkLayerKind::kScale:
            value = a[pixel * shape.channels + c] * b[c];
            break;
          case NetworkLayerKind::kEnlarge:
            value = a[((y / 2) * in.width + x / 2) * shape.channels + c];
            break;
          case NetworkLayerKind::kActivation:
            value = a[pixel * shape.channels + c];
            break;
        }
        if (layer.activation == Activation::kRelu) value = std::max(0.0F, value);
        if (layer.activation == Activation::kPrelu && value < 0) value *= weights.slope[c];
        if (layer.activation == Activation::kSigmoid) value = 1 / (1 + std::exp(-value));
        out[pixel * shape.channels + c] = value;
      }
    }
  }
}

}  // namespace countenance::nn
