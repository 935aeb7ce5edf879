#include "vision/embed.h"

#include <string>
#include <utility>

#include "core/error.h"
#include "nn/model_file.h"

namespace countenance {

Embedder::Embedder(std::shared_ptr<const nn::ResNet> network)
    : network_(std::move(network)), scratch_(network_->scratch()) {}

Embedder::Embedder(const ModelFile& model) : Embedder(std::make_shared<const nn::ResNet>(model)) {}

std::vector<float> Embedder::embed(ImageView chip) {
  constexpr std::size_t kSide = nn::kStemSide;
  if (chip.width != kSide || chip.height != kSide) {
    throw Error(ErrorCode::kInvalidArgument, "chip: expected 150 x 150 pixels, got " +
                                                 std::to_string(chip.width) + " x " +
                                                 std::to_string(chip.height));
  }
  std::vector<float> vector(kDimension);
  network_->run(chip.data, scratch_, vector.data());
  return vector;
}

}  // namespace countenance
