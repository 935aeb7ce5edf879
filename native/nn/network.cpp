#include "nn/network.h"

#include <algorithm>

#include "core/error.h"
#include "nn/model_file.h"
#include "nn/network_run.h"

namespace countenance::nn {

Network::Network(const ModelFile& model, const Kernels& kernels)
    : parts_(networkParts(model, kernels)) {}

std::size_t Network::outputIndex(const std::string& name) const {
  const auto& names = parts_.plan.outputNames;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw Error(ErrorCode::kModelCorrupt, "network: it has no output named " + name);
  }
  return static_cast<std::size_t>(found - names.begin());
}

Span<float> Network::input(AlignedFloats& scratch) const {
  const bool padded = parts_.compactInput != NetworkParts::kNone;
  const std::size_t offset = padded ? parts_.compactInput : parts_.schedule.values[0].offset;
  return {scratch.data() + offset, inputShape().size()};
}

Span<const float> Network::output(const AlignedFloats& scratch, std::size_t index) const {
  const std::size_t compact = parts_.compactOutputs[index];
  const ValuePlace& place = parts_.schedule.values[parts_.plan.outputs[index]];
  return {scratch.data() + (compact == NetworkParts::kNone ? place.offset : compact),
          outputShape(index).size()};
}

void Network::run(AlignedFloats& scratch) const { NetworkRun(parts_, scratch.data()).run(); }

}  // namespace countenance::nn
