#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/image.h"

namespace countenance {

class ModelFile;

/// dlib's face recognition network (ResNet v1) on dlib's own layers, with the affine layers folded
/// into the convolutions. It keeps every layer's output, so each thread needs its own.
class Embedder final {
 public:
  static constexpr std::size_t kDimension = 128;

  /// @param model  A container of kind embedder (models/dlib-resnet-v1.bin); copied.
  /// @throws Error(kModelCorrupt) when its tensors do not fit the network.
  explicit Embedder(const ModelFile& model);
  ~Embedder();
  /// A copy is another thread's embedder. It costs the weights' 22 MB, but not their preparation.
  Embedder(const Embedder& other);
  Embedder(Embedder&&) noexcept;

  /// @param chip  RGB8, 150 x 150, from align(); borrowed for this call only.
  /// @returns 128 values, not of unit length. Euclidean distance: closer is more alike.
  std::vector<float> embed(ImageView chip);

 private:
  struct Network;
  std::unique_ptr<Network> network_;
};

}  // namespace countenance
