#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/image.h"
#include "nn/resnet.h"

namespace countenance {

/// Turns face chips into vectors with dlib's face recognition network (nn/resnet.h).
///
/// It writes to scratch memory of its own, so each thread needs its own: a copy, which shares the
/// weights.
class Embedder final {
 public:
  static constexpr std::size_t kDimension = nn::ResNet::kDimension;

  explicit Embedder(std::shared_ptr<const nn::ResNet> network);
  /// @param model  A container of kind embedder (models/dlib-resnet-v1.bin); copied.
  /// @throws Error(kModelCorrupt) when its tensors do not fit the network.
  explicit Embedder(const ModelFile& model);

  /// @param chip  RGB8, 150 x 150, from align(); borrowed for this call only.
  /// @returns 128 values, not of unit length. Euclidean distance: closer is more alike.
  std::vector<float> embed(ImageView chip);

 private:
  std::shared_ptr<const nn::ResNet> network_;  // shared by all workers: it never changes
  nn::AlignedFloats scratch_;
};

}  // namespace countenance
