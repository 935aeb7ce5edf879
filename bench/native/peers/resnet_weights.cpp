#include "resnet_weights.h"

#include <utility>

#include "../read_file.h"
#include "nn/model_file.h"

namespace countenance::bench {
namespace {

std::vector<float> copied(Span<const float> values) {
  return {values.data(), values.data() + values.size()};
}

/// @param stored  Side of the kernel in the file, where it is larger: the middle of it is taken.
PeerConvolution convolution(const ModelFile& model, std::size_t number, const nn::Layer& layer) {
  constexpr std::size_t kStored = 3;
  const std::string name = "conv" + std::to_string(number);
  PeerConvolution out{layer.in.channels, layer.out.channels, layer.kernel, layer.stride, {}, {}};
  const auto weights =
      model.values<float>(name + ".weights", {out.outputs, out.inputs, kStored, kStored});
  out.bias = copied(model.values<float>(name + ".bias", {out.outputs}));
  if (out.kernel == kStored) {
    out.weights = copied(weights);
  } else {  // on a map of 1 x 1 the middle is all that counts
    for (std::size_t i = 4; i < weights.size(); i += kStored * kStored) {
      out.weights.push_back(weights[i]);
    }
  }
  return out;
}

PeerConvolution stem(const ModelFile& model) {
  constexpr std::size_t kColours = 3;
  PeerConvolution out{kColours, 32, 7, 2, {}, {}};
  const std::size_t taps = out.kernel * out.kernel;
  out.weights =
      copied(model.values<float>("conv0.weights", {out.outputs, kColours, out.kernel, out.kernel}));
  out.bias = copied(model.values<float>("conv0.bias", {out.outputs}));
  const auto mean = model.values<float>("input.mean", {kColours});
  const float divisor = model.values<float>("input.divisor", {1})[0];
  for (std::size_t i = 0; i < out.weights.size(); ++i) {
    out.weights[i] /= divisor;
    out.bias[i / (taps * kColours)] -= out.weights[i] * mean[i / taps % kColours];
  }
  return out;
}

}  // namespace

ResNetWeights readResNetWeights(const std::string& path) {
  const std::vector<std::uint8_t> bytes = readFile(path);
  const ModelFile model({bytes.data(), bytes.size()});
  ResNetWeights out{nn::resNetPlan(), stem(model), {}, {}};
  for (const nn::Layer& layer : out.plan.layers) {
    if (layer.kind != nn::LayerKind::kConvolution) continue;
    out.convolutions.push_back(convolution(model, out.convolutions.size() + 1, layer));
  }
  out.head = copied(
      model.values<float>("fc.weights", {ResNetWeights::kDimension, ResNetWeights::kFeatures}));
  return out;
}

std::vector<float> channelsLast(const PeerConvolution& convolution) {
  const std::size_t taps = convolution.kernel * convolution.kernel;
  std::vector<float> out(convolution.weights.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t o = i / (convolution.inputs * taps);
    const std::size_t c = i / taps % convolution.inputs;
    out[(o * taps + i % taps) * convolution.inputs + c] = convolution.weights[i];
  }
  return out;
}

}  // namespace countenance::bench
