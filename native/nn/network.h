#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "core/span.h"
#include "nn/aligned_floats.h"
#include "nn/kernels.h"
#include "nn/network_parts.h"

namespace countenance::nn {

/// A network that its container describes as a flat list of layers (BlazeFace, FaceMesh, YuNet).
///
/// It never changes once it is made, so that all threads share one; what a run writes to is the
/// caller's scratch memory.
class Network final {
 public:
  /// @param model    A container of kind network (nn/network_plan.h); its weights are copied.
  /// @param kernels  One of availableKernels().
  /// @throws Error(kModelCorrupt) when its layers and tensors do not fit each other.
  explicit Network(const ModelFile& model, const Kernels& kernels = bestKernels());

  /// The network for another size of input; it shares the weights.
  /// @throws Error(kModelCorrupt) when its layers do not fit that size, Error(kInvalidArgument) for
  /// a size out of range.
  Network resized(InputSize size) const { return Network(resizedParts(parts_, size)); }

  Shape3 inputShape() const { return parts_.plan.shapes.front(); }
  std::size_t outputCount() const { return parts_.plan.outputs.size(); }
  Shape3 outputShape(std::size_t index) const {
    return parts_.plan.shapes[parts_.plan.outputs[index]];
  }

  /// @throws Error(kModelCorrupt) when no output has this name.
  std::size_t outputIndex(const std::string& name) const;

  /// What a run writes to, for one run at a time, used again and again as it was left.
  AlignedFloats scratch() const { return AlignedFloats(parts_.scratchSize); }

  /// Where the caller writes the input before each run: [height][width][channels].
  Span<float> input(AlignedFloats& scratch) const;

  /// Allocates nothing.
  void run(AlignedFloats& scratch) const;

  /// The output that the last run made: [height][width][channels].
  Span<const float> output(const AlignedFloats& scratch, std::size_t index) const;

 private:
  explicit Network(NetworkParts parts) : parts_(std::move(parts)) {}

  NetworkParts parts_;
};

}  // namespace countenance::nn
