#include "vision/embed.h"

#include <dlib/dnn.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "nn/model_file.h"

namespace countenance {
namespace {

constexpr std::size_t kSide = 150;
constexpr std::size_t kConvolutions = 29;
constexpr std::size_t kFeatures = 256;

/// The network of the design's section 4: its affine layers are in the convolutions already.
namespace layers {
using namespace dlib;  // NOLINT: the types of one network

template <long channels, long size, int stride, typename Input>
using Conv = con<channels, size, size, stride, stride, Input>;
template <long channels, int stride, typename Input>
using Pair = Conv<channels, 3, 1, relu<Conv<channels, 3, stride, Input>>>;
template <long channels, typename Input>
using Same = relu<add_prev1<Pair<channels, 1, tag1<Input>>>>;
template <long channels, typename Input>
using Half = relu<add_prev2<avg_pool<2, 2, 2, 2, skip1<tag2<Pair<channels, 2, tag1<Input>>>>>>>;

using To32 = max_pool<3, 3, 2, 2, relu<Conv<32, 7, 2, input_rgb_image_sized<kSide>>>>;
using At32 = Same<32, Same<32, Same<32, To32>>>;
using At64 = Same<64, Same<64, Same<64, Half<64, At32>>>>;
using At128 = Same<128, Same<128, Half<128, At64>>>;
using At256 = Half<256, Same<256, Same<256, Half<256, At128>>>>;
using Network = loss_metric<fc_no_bias<Embedder::kDimension, avg_pool_everything<At256>>>;
}  // namespace layers

void expect(bool condition, const std::string& what) {
  if (!condition) throw Error(ErrorCode::kModelCorrupt, "embedder model: unexpected " + what);
}

void setInput(layers::Network& network, const ModelFile& model) {
  const auto mean = model.values<float>("input.mean", {3});
  // dlib divides by 256 and offers no choice.
  expect(model.values<float>("input.divisor", {1})[0] == 256.0F, "input.divisor");
  dlib::input_layer(network) = dlib::input_rgb_image_sized<kSide>(mean[0], mean[1], mean[2]);
}

/// dlib keeps a convolution's filters and then its biases in one tensor.
void setConvolution(dlib::tensor& target, const ModelFile& model, std::size_t number) {
  const std::string name = "conv" + std::to_string(number);
  const Shape shape = model.tensor(name + ".weights").shape;
  const auto weights = model.values<float>(name + ".weights", shape);
  expect(!shape.empty(), name);
  const auto bias = model.values<float>(name + ".bias", {shape[0]});
  expect(weights.size() + bias.size() == target.size(), name);
  std::copy(bias.begin(), bias.end(), std::copy(weights.begin(), weights.end(), target.host()));
}

void setLast(dlib::tensor& target, const ModelFile& model) {
  const auto rows = model.values<float>("fc.weights", {Embedder::kDimension, kFeatures});
  expect(rows.size() == target.size(), "fc.weights");
  float* out = target.host();
  for (std::size_t i = 0; i < kFeatures; ++i) {
    for (std::size_t o = 0; o < Embedder::kDimension; ++o) *out++ = rows[o * kFeatures + i];
  }
}

}  // namespace

struct Embedder::Network {
  layers::Network layers;
  dlib::matrix<dlib::rgb_pixel> chip{kSide, kSide};
};

Embedder::Embedder(const ModelFile& model) : network_(std::make_unique<Network>()) {
  setInput(network_->layers, model);
  // dlib makes the parameters when the first picture passes.
  dlib::assign_all_pixels(network_->chip, dlib::rgb_pixel(0, 0, 0));
  network_->layers(network_->chip);

  std::vector<dlib::tensor*> parameters;  // from the output to the input
  dlib::visit_layer_parameters(network_->layers, [&parameters](dlib::tensor& tensor) {
    if (tensor.size() != 0) parameters.push_back(&tensor);
  });
  expect(parameters.size() == 1 + kConvolutions, "number of layers");
  setLast(*parameters[0], model);
  for (std::size_t i = 0; i < kConvolutions; ++i) {
    setConvolution(*parameters[kConvolutions - i], model, i);
  }
}

Embedder::~Embedder() = default;
Embedder::Embedder(const Embedder& other) : network_(std::make_unique<Network>(*other.network_)) {}
Embedder::Embedder(Embedder&&) noexcept = default;

std::vector<float> Embedder::embed(ImageView chip) {
  if (chip.width != kSide || chip.height != kSide) {
    throw Error(ErrorCode::kInvalidArgument, "chip: expected 150 x 150 pixels, got " +
                                                 std::to_string(chip.width) + " x " +
                                                 std::to_string(chip.height));
  }
  for (std::size_t y = 0; y < kSide; ++y) {
    const std::uint8_t* in = chip.row(y);
    for (std::size_t x = 0; x < kSide; ++x, in += 3) {
      network_->chip(static_cast<long>(y), static_cast<long>(x)) = {in[0], in[1], in[2]};
    }
  }
  const dlib::matrix<float, 0, 1>& vector = network_->layers(network_->chip);
  return {vector.begin(), vector.end()};
}

}  // namespace countenance
