// Converts dlib's two official model files to our container (nn/model_file.h):
//   convert_dlib embedder|landmarks <in.dat> <out.bin> [<property>=<value> ...]
// The properties (id, licence, source ...) come from models/manifest.json; scripts/build-models.mjs
// passes them. The same input gives the same bytes.

#include <dlib/dnn.h>
#include <dlib/image_processing/shape_predictor.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "nn/model_file.h"

namespace {

using countenance::ModelFileWriter;
using countenance::Shape;
using Floats = std::vector<float>;

// The network as design section 4 describes it, innermost (first) layer last.
namespace net {
using namespace dlib;  // NOLINT: the types of one network

template <int channels, int size, int stride, typename Input>
using Conv = affine<con<channels, size, size, stride, stride, Input>>;
template <int channels, int stride, typename Input>
using Pair = Conv<channels, 3, 1, relu<Conv<channels, 3, stride, Input>>>;
template <int channels, typename Input>
using Keep = relu<add_prev1<Pair<channels, 1, tag1<Input>>>>;
template <int channels, typename Input>
using Halve = relu<add_prev2<avg_pool<2, 2, 2, 2, skip1<tag2<Pair<channels, 2, tag1<Input>>>>>>>;

using Stem = max_pool<3, 3, 2, 2, relu<Conv<32, 7, 2, input_rgb_image_sized<150>>>>;
using Level32 = Keep<32, Keep<32, Keep<32, Stem>>>;
using Level64 = Keep<64, Keep<64, Keep<64, Halve<64, Level32>>>>;
using Level128 = Keep<128, Keep<128, Halve<128, Level64>>>;
using Level256 = Halve<256, Keep<256, Keep<256, Halve<256, Level128>>>>;
using Embedder = loss_metric<fc_no_bias<128, avg_pool_everything<Level256>>>;
}  // namespace net

void expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("not the expected model: ") + what);
}

struct Affine {
  Floats gamma;
  Floats beta;
};

/// dlib's affine_ shows its parameters to nobody (get_layer_params() is empty): read its own
/// serialised form.
Affine parametersOf(const dlib::affine_& layer) {
  std::stringstream stream;
  serialize(layer, stream);
  std::string version;
  dlib::resizable_tensor params;
  dlib::alias_tensor gamma;
  dlib::alias_tensor beta;
  dlib::deserialize(version, stream);
  deserialize(params, stream);
  deserialize(gamma, stream);
  deserialize(beta, stream);
  expect(params.size() == gamma.size() + beta.size(), "affine layer");
  const float* values = params.host();
  return {{values, values + gamma.size()}, {values + gamma.size(), values + params.size()}};
}

/// One convolution with the affine layer behind it folded in: W *= gamma, b = b * gamma + beta.
struct Conv {
  Shape shape;  // output channels, input channels, kernel rows, kernel columns
  Floats weights;
  Floats bias;
  std::int32_t stride = 0;
  std::int32_t padding = 0;
};

template <typename Layer>
Conv fold(const Layer& layer, long inputs, const Affine& affine) {
  const auto outputs = static_cast<std::size_t>(layer.num_filters());
  const dlib::tensor& params = layer.get_layer_params();
  const auto perOutput = static_cast<std::size_t>(inputs * layer.nr() * layer.nc());
  expect(affine.gamma.size() == outputs && affine.beta.size() == outputs, "affine size");
  expect(params.size() == outputs * (perOutput + 1), "convolution size");
  expect(layer.padding_x() == layer.padding_y(), "padding");
  Conv conv;
  conv.shape = {outputs, static_cast<std::size_t>(inputs), static_cast<std::size_t>(layer.nr()),
                static_cast<std::size_t>(layer.nc())};
  conv.stride = static_cast<std::int32_t>(layer.stride_x());
  conv.padding = static_cast<std::int32_t>(layer.padding_x());
  const float* weights = params.host();
  const float* bias = weights + outputs * perOutput;
  for (std::size_t out = 0; out < outputs; ++out) {
    for (std::size_t i = 0; i < perOutput; ++i) {
      conv.weights.push_back(weights[out * perOutput + i] * affine.gamma[out]);
    }
    conv.bias.push_back(bias[out] * affine.gamma[out] + affine.beta[out]);
  }
  return conv;
}

/// Visits the layers from the output to the input, and so meets an affine before its convolution.
class Collector final {
 public:
  template <typename Layer>
  void operator()(std::size_t, Layer&) {}  // layers without parameters

  template <typename Subnet, typename Enabled>
  void operator()(std::size_t, dlib::add_layer<dlib::affine_, Subnet, Enabled>& layer) {
    affine_ = parametersOf(layer.layer_details());
  }
  template <long filters, long rows, long columns, int strideY, int strideX, int paddingY,
            int paddingX, typename Subnet, typename Enabled>
  void operator()(
      std::size_t,
      dlib::add_layer<dlib::con_<filters, rows, columns, strideY, strideX, paddingY, paddingX>,
                      Subnet, Enabled>& layer) {
    const auto& conv = layer.layer_details();
    const auto parameters = static_cast<long>(conv.get_layer_params().size());
    const long inputs = (parameters / filters - 1) / (rows * columns);
    convs_.push_back(fold(conv, inputs, affine_));
  }

  /// In the order in which the network runs them.
  std::vector<Conv> convs() const { return {convs_.rbegin(), convs_.rend()}; }

 private:
  Affine affine_;
  std::vector<Conv> convs_;
};

void convertEmbedder(std::istream& in, ModelFileWriter& writer) {
  net::Embedder network;
  deserialize(network, in);
  Collector collector;
  dlib::visit_layers(network, std::ref(collector));
  const std::vector<Conv> convs = collector.convs();
  expect(convs.size() == 29, "number of convolutions");

  // dlib, input_rgb_image_sized: (pixel - average) / 256.
  const auto& input = dlib::input_layer(network);
  writer.tensor("input.mean", {3},
                Floats{input.get_avg_red(), input.get_avg_green(), input.get_avg_blue()});
  writer.tensor("input.divisor", {1}, Floats{256});
  std::vector<std::int32_t> geometry;
  for (const Conv& conv : convs) {
    geometry.push_back(conv.stride);
    geometry.push_back(conv.padding);
  }
  writer.tensor("conv.geometry", {convs.size(), 2}, geometry);
  for (std::size_t i = 0; i < convs.size(); ++i) {
    const std::string name = "conv" + std::to_string(i);
    writer.tensor(name + ".weights", convs[i].shape, convs[i].weights);
    writer.tensor(name + ".bias", {convs[i].bias.size()}, convs[i].bias);
  }
  // dlib keeps [inputs x outputs]; a row per output is one dot product.
  const dlib::tensor& fc = dlib::layer<1>(network).layer_details().get_layer_params();
  expect(fc.size() == 256 * 128, "last layer");
  Floats rows(fc.size());
  for (std::size_t output = 0; output < 128; ++output) {
    for (std::size_t i = 0; i < 256; ++i) rows[output * 256 + i] = fc.host()[i * 128 + output];
  }
  writer.tensor("fc.weights", {128, 256}, rows);
}

std::uint16_t narrow(unsigned long value) {
  expect(value <= 65535, "index above 65535");
  return static_cast<std::uint16_t>(value);
}

void convertLandmarks(std::istream& in, ModelFileWriter& writer) {
  // The parts of dlib's shape_predictor, which keeps them private, in the order of its file.
  int version = 0;
  dlib::matrix<float, 0, 1> initialShape;
  std::vector<std::vector<dlib::impl::regression_tree>> forests;
  std::vector<std::vector<unsigned long>> anchors;
  std::vector<std::vector<dlib::vector<float, 2>>> deltas;
  dlib::deserialize(version, in);
  expect(version == 1, "version");
  dlib::deserialize(initialShape, in);
  dlib::deserialize(forests, in);
  dlib::deserialize(anchors, in);
  dlib::deserialize(deltas, in);
  const auto coordinates = static_cast<std::size_t>(initialShape.size());
  const std::size_t cascades = forests.size();
  expect(coordinates == 10 && cascades > 0 && !forests[0].empty(), "shape of the forests");
  expect(anchors.size() == cascades && deltas.size() == cascades, "number of cascades");
  const std::size_t trees = forests[0].size();
  const std::size_t splits = forests[0][0].splits.size();
  const std::size_t leaves = splits + 1;
  const std::size_t pixels = anchors[0].size();

  std::vector<std::uint16_t> splitPixels;
  Floats thresholds;
  Floats leafValues;
  std::vector<std::uint16_t> anchorIndices;
  Floats deltaValues;
  for (std::size_t c = 0; c < cascades; ++c) {
    expect(forests[c].size() == trees, "number of trees");
    for (const dlib::impl::regression_tree& tree : forests[c]) {
      expect(tree.splits.size() == splits && tree.leaf_values.size() == leaves, "size of a tree");
      for (const dlib::impl::split_feature& split : tree.splits) {
        expect(split.idx1 < pixels && split.idx2 < pixels, "pixel of a split");
        splitPixels.push_back(narrow(split.idx1));
        splitPixels.push_back(narrow(split.idx2));
        thresholds.push_back(split.thresh);
      }
      for (const dlib::matrix<float, 0, 1>& leaf : tree.leaf_values) {
        expect(static_cast<std::size_t>(leaf.size()) == coordinates, "size of a leaf");
        leafValues.insert(leafValues.end(), leaf.begin(), leaf.end());
      }
    }
    expect(anchors[c].size() == pixels && deltas[c].size() == pixels, "number of pixels");
    for (const unsigned long anchor : anchors[c]) {
      expect(anchor < coordinates / 2, "anchor");
      anchorIndices.push_back(narrow(anchor));
    }
    for (const dlib::vector<float, 2>& delta : deltas[c]) {
      deltaValues.push_back(delta.x());
      deltaValues.push_back(delta.y());
    }
  }
  const std::vector<std::int32_t> sizes = {
      static_cast<std::int32_t>(cascades), static_cast<std::int32_t>(trees),
      static_cast<std::int32_t>(splits), static_cast<std::int32_t>(pixels)};
  writer.tensor("sizes", {4}, sizes);
  writer.tensor("initial-shape", {coordinates}, Floats(initialShape.begin(), initialShape.end()));
  writer.tensor("split.pixels", {cascades, trees, splits, 2}, splitPixels);
  writer.tensor("split.thresholds", {cascades, trees, splits}, thresholds);
  writer.tensor("leaf.values", {cascades, trees, leaves, coordinates}, leafValues);
  writer.tensor("pixel.anchors", {cascades, pixels}, anchorIndices);
  writer.tensor("pixel.deltas", {cascades, pixels, 2}, deltaValues);
}

void convert(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) {
    throw std::runtime_error(
        "usage: convert_dlib embedder|landmarks <in.dat> <out.bin> [<property>=<value> ...]");
  }
  ModelFileWriter writer;
  for (auto property = arguments.begin() + 3; property != arguments.end(); ++property) {
    const std::size_t equals = property->find('=');
    if (equals == std::string::npos) throw std::runtime_error("no property: " + *property);
    writer.property(property->substr(0, equals), property->substr(equals + 1));
  }
  std::ifstream in(arguments[1], std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + arguments[1]);
  if (arguments[0] == "embedder") {
    convertEmbedder(in, writer);
  } else if (arguments[0] == "landmarks") {
    convertLandmarks(in, writer);
  } else {
    throw std::runtime_error("unknown kind of model: " + arguments[0]);
  }
  expect(in.peek() == std::char_traits<char>::eof(), "bytes after the model");
  const std::vector<std::uint8_t> bytes = writer.bytes();
  std::ofstream out(arguments[2], std::ios::binary | std::ios::trunc);
  std::copy(bytes.begin(), bytes.end(), std::ostreambuf_iterator<char>(out));
  out.close();
  if (!out) throw std::runtime_error("cannot write " + arguments[2]);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    convert({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "convert_dlib: " << error.what() << std::endl;
    return 1;
  }
}
