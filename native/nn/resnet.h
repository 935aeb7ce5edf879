#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nn/aligned_floats.h"
#include "nn/kernels.h"
#include "nn/packed_weights.h"
#include "nn/precision.h"
#include "nn/resnet_plan.h"

namespace countenance {
class ModelFile;
}

namespace countenance::nn {

/// dlib's face recognition network (ResNet v1): 29 convolutions, 540.6 MFLOP.
///
/// It never changes once it is made, so that all threads share one; what a run writes to is the
/// caller's scratch memory.
class ResNet final {
 public:
  static constexpr std::size_t kDimension = 128;

  /// @param model    A container of kind embedder (models/dlib-resnet-v1.bin); its weights are
  /// copied.
  /// @param kernels  One of availableKernels().
  /// @throws Error(kModelCorrupt) when its tensors do not fit the network, Error(kInvalidArgument)
  /// when the kernels do not support the precision: ask supported() first.
  explicit ResNet(const ModelFile& model, const Kernels& kernels = bestKernels(),
                  Precision precision = Precision::kF32);

  Precision precision() const { return precision_; }

  /// What a run writes to: 2.1 MB, for one run at a time, used again and again as it was left.
  AlignedFloats scratch() const { return AlignedFloats(plan_.scratchSize + convolutionScratch_); }

  /// @param rgb      150 x 150 pixels of three bytes.
  /// @param scratch  From scratch().
  /// @param out      Room for kDimension floats.
  void run(const std::uint8_t* rgb, AlignedFloats& scratch, float* out) const;

 private:
  struct Packed {
    const Convolution* kernel;
    AlignedBytes weights;
    AlignedFloats bias;
    AlignedFloats scale;  // int8 alone, as in ConvolutionJob, here and below
    float inputSteps = 0;
  };
  Packed load(const ModelFile& model, std::size_t number, const Layer& layer) const;
  void head(const float* scratch, float* out) const;

  const Kernels* kernels_;
  const ResNetKernels* products_;
  Precision precision_;
  ResNetPlan plan_;
  std::size_t convolutionScratch_ = 0;  // behind the plan's
  PackedStem stem_;
  std::vector<Packed> convolutions_;  // of the plan's layers
  AlignedFloats head_;                // [channels of the last map][kDimension]
};

}  // namespace countenance::nn
