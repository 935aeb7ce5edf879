#include "nn/resnet.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "core/error.h"
#include "nn/model_file.h"
#include "nn/resnet_caps.h"

namespace countenance::nn {
namespace {

constexpr std::size_t kFeatures = 256;

MapView view(float* scratch, const Map& map) {
  const std::size_t row = (map.side + 2) * kBlock;
  return {scratch + map.offset, map.channels / kBlock, map.side, row, (map.side + 2) * row};
}

const Convolution& kernelFor(const ResNetKernels& kernels, const Layer& layer) {
  const Convolution* end = kernels.convolutions + kernels.convolutionCount;
  const Convolution* found =
      std::find_if(kernels.convolutions, end, [&layer](const Convolution& candidate) {
        return candidate.inSide == layer.in.side && candidate.stride == layer.stride &&
               candidate.kernel == layer.kernel;
      });
  if (found == end) throw Error(ErrorCode::kInternal, "no convolution of the kernels fits a layer");
  return *found;
}

const ResNetKernels& bestFor(Precision precision, const Kernels& kernels) {
  const auto all = resNetKernels(precision, kernels);
  if (all.empty()) {
    throw Error(
        ErrorCode::kInvalidArgument,
        std::string("the ") + kernels.name + " kernels of this CPU have no " + nameOf(precision));
  }
  return *all.front();
}

}  // namespace

ResNet::ResNet(const ModelFile& model, const Kernels& kernels, Precision precision)
    : kernels_(&kernels),
      products_(&bestFor(precision, kernels)),
      precision_(precision),
      plan_(resNetPlan()) {
  stem_ = packStem(
      model.values<float>("conv0.weights", {kStemChannels, 3, kStemKernel, kStemKernel}),
      model.values<float>("conv0.bias", {kStemChannels}), model.values<float>("input.mean", {3}),
      model.values<float>("input.divisor", {1})[0], products_->operands);
  for (const Layer& layer : plan_.layers) {
    if (layer.kind != LayerKind::kConvolution) continue;
    convolutions_.push_back(load(model, convolutions_.size() + 1, layer));
    const std::size_t blocks = layer.in.channels / kBlock;
    convolutionScratch_ =
        std::max(convolutionScratch_, convolutionScratch(*convolutions_.back().kernel, blocks));
  }
  head_ = transposed(model.values<float>("fc.weights", {kDimension, kFeatures}), kDimension);
}

ResNet::Packed ResNet::load(const ModelFile& model, std::size_t number, const Layer& layer) const {
  const std::string name = "conv" + std::to_string(number);
  const std::size_t inputs = layer.in.channels;
  const std::size_t outputs = layer.out.channels;
  const auto weights = model.values<float>(name + ".weights", {outputs, inputs, 3, 3});
  const Convolution& kernel = kernelFor(*products_, layer);
  PackedWeights packed = packConvolution(weights, inputs, outputs, kernel);
  Packed result{&kernel, std::move(packed.weights),
                aligned(model.values<float>(name + ".bias", {outputs})), std::move(packed.steps)};
  if (precision_ == Precision::kInt8) {
    result.inputSteps = kMostInputSteps / kResNetCaps[number - 1];
    for (std::size_t o = 0; o < outputs; ++o) result.scale.data()[o] /= result.inputSteps;
  }
  return result;
}

void ResNet::run(const std::uint8_t* rgb, AlignedFloats& scratch, float* out) const {
  float* memory = scratch.data();
  products_->stem({rgb, memory + plan_.pixels, stem_.packed.weights.data(), stem_.bias.data(),
                   view(memory, plan_.first), stem_.packed.steps.data()});
  auto next = convolutions_.begin();
  for (const Layer& layer : plan_.layers) {
    const MapView from = view(memory, layer.in);
    const MapView to = view(memory, layer.out);
    switch (layer.kind) {
      case LayerKind::kMaxPool:
        kernels_->maxPool({from, to});
        break;
      case LayerKind::kMeanPool:
        kernels_->meanPool({from, to});
        break;
      case LayerKind::kConvolution:
        next->kernel->run({from, to, next->weights.data(), next->bias.data(), layer.addsToOut,
                           memory + plan_.scratchSize, next->scale.data(), next->inputSteps});
        ++next;
        break;
    }
  }
  head(memory, out);
}

/// The mean of each channel, then the matrix.
void ResNet::head(const float* scratch, float* out) const {
  const Map& map = plan_.last;
  std::array<float, kDimension> sums{};
  for (std::size_t c = 0; c < map.channels; ++c) {
    const float* plane =
        scratch + map.offset + c / kBlock * kBlock * (map.side + 2) * (map.side + 2);
    float mean = 0;
    for (std::size_t y = 1; y <= map.side; ++y) {
      for (std::size_t x = 1; x <= map.side; ++x) {
        mean += plane[(y * (map.side + 2) + x) * kBlock + c % kBlock];
      }
    }
    mean /= static_cast<float>(map.side * map.side);
    const float* weights = head_.data() + c * kDimension;
    for (std::size_t o = 0; o < kDimension; ++o) sums[o] += mean * weights[o];
  }
  std::copy(sums.begin(), sums.end(), out);
}

}  // namespace countenance::nn
