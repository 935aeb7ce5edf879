#include "xnnpack_graph.h"

#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

namespace countenance::bench {
namespace {

constexpr float kMost = std::numeric_limits<float>::infinity();

/// The value of the input; the outputs follow. More than any of our networks has.
constexpr std::uint32_t kInput = 0;
constexpr std::uint32_t kExternalValues = 16;

/// XNNPACK reads so many bytes past the end of its inputs.
constexpr std::size_t kExtraFloats = XNN_EXTRA_BYTES / sizeof(float);

void check(xnn_status status, const char* what) {
  if (status == xnn_status_success) return;
  throw std::runtime_error("error: XNNPACK: " + std::string(what) + ": status " +
                           std::to_string(static_cast<int>(status)));
}

float least(bool relu) { return relu ? 0.0F : -kMost; }

std::size_t outSide(std::size_t side, const WindowShape& window) {
  return (side + window.padBefore + window.padAfter - window.kernel) / window.stride + 1;
}

std::uint32_t narrow(std::size_t value) { return static_cast<std::uint32_t>(value); }

}  // namespace

XnnpackGraph::XnnpackGraph() {
  check(xnn_initialize(nullptr), "initialize");
  xnn_subgraph_t graph = nullptr;
  check(xnn_create_subgraph(kExternalValues, 0, &graph), "create_subgraph");
  graph_.reset(graph);
}

std::uint32_t XnnpackGraph::value(PeerShape shape, std::uint32_t external, std::uint32_t flags) {
  const std::array<std::size_t, 4> dimensions{1, shape.side, shape.side, shape.channels};
  std::uint32_t id = 0;
  check(xnn_define_tensor_value(graph_.get(), xnn_datatype_fp32, dimensions.size(),
                                dimensions.data(), nullptr, external, flags, &id),
        "tensor_value");
  if (shapes_.size() <= id) shapes_.resize(id + 1);
  shapes_[id] = shape;
  return id;
}

std::uint32_t XnnpackGraph::constant(std::vector<std::size_t> dimensions,
                                     std::vector<float> values) {
  values.resize(values.size() + kExtraFloats);
  constants_.push_back(std::move(values));
  std::uint32_t id = 0;
  check(
      xnn_define_tensor_value(graph_.get(), xnn_datatype_fp32, dimensions.size(), dimensions.data(),
                              constants_.back().data(), XNN_INVALID_VALUE_ID, 0, &id),
      "constant");
  return id;
}

std::uint32_t XnnpackGraph::input(PeerShape shape) {
  input_.resize(shape.side * shape.side * shape.channels + kExtraFloats);
  return value(shape, kInput, XNN_VALUE_FLAG_EXTERNAL_INPUT);
}

std::uint32_t XnnpackGraph::convolution(std::uint32_t in, const ConvolutionShape& shape,
                                        std::vector<float> weights, std::vector<float> bias,
                                        bool relu) {
  const WindowShape& window = shape.window;
  const std::uint32_t filter =
      constant({shape.outputs, window.kernel, window.kernel, shape.inputs}, std::move(weights));
  const std::uint32_t offsets = constant({shape.outputs}, std::move(bias));
  const std::uint32_t out = inner({outSide(shapes_.at(in).side, window), shape.outputs});
  const std::uint32_t k = narrow(window.kernel);
  const std::uint32_t stride = narrow(window.stride);
  const std::uint32_t before = narrow(window.padBefore);
  const std::uint32_t after = narrow(window.padAfter);
  check(xnn_define_convolution_2d(graph_.get(), before, after, after, before, k, k, stride, stride,
                                  1, 1, 1, shape.inputs, shape.outputs, least(relu), kMost, in,
                                  filter, offsets, out, 0),
        "convolution_2d");
  return out;
}

std::uint32_t XnnpackGraph::depthwise(std::uint32_t in, const ConvolutionShape& shape,
                                      std::vector<float> weights, std::vector<float> bias,
                                      bool relu) {
  const WindowShape& window = shape.window;
  const std::uint32_t filter =
      constant({1, window.kernel, window.kernel, shape.outputs}, std::move(weights));
  const std::uint32_t offsets = constant({shape.outputs}, std::move(bias));
  const std::uint32_t out = inner({outSide(shapes_.at(in).side, window), shape.outputs});
  const std::uint32_t k = narrow(window.kernel);
  const std::uint32_t stride = narrow(window.stride);
  const std::uint32_t before = narrow(window.padBefore);
  const std::uint32_t after = narrow(window.padAfter);
  check(xnn_define_depthwise_convolution_2d(graph_.get(), before, after, after, before, k, k,
                                            stride, stride, 1, 1, 1, shape.inputs, least(relu),
                                            kMost, in, filter, offsets, out, 0),
        "depthwise_convolution_2d");
  return out;
}

std::uint32_t XnnpackGraph::maxPool(std::uint32_t in, const WindowShape& window) {
  const PeerShape from = shapes_.at(in);
  const std::uint32_t out = inner({outSide(from.side, window), from.channels});
  const std::uint32_t k = narrow(window.kernel);
  const std::uint32_t stride = narrow(window.stride);
  const std::uint32_t before = narrow(window.padBefore);
  const std::uint32_t after = narrow(window.padAfter);
  check(xnn_define_max_pooling_2d(graph_.get(), before, after, after, before, k, k, stride, stride,
                                  1, 1, -kMost, kMost, in, out, 0),
        "max_pooling_2d");
  return out;
}

std::uint32_t XnnpackGraph::meanPool(std::uint32_t in, std::size_t side) {
  const PeerShape from = shapes_.at(in);
  const std::uint32_t out = inner({from.side / side, from.channels});
  const std::uint32_t k = narrow(side);
  check(xnn_define_average_pooling_2d(graph_.get(), 0, 0, 0, 0, k, k, k, k, -kMost, kMost, in, out,
                                      0),
        "average_pooling_2d");
  return out;
}

std::uint32_t XnnpackGraph::globalMean(std::uint32_t in) {
  const std::uint32_t out = inner({1, shapes_.at(in).channels});
  check(xnn_define_global_average_pooling_2d(graph_.get(), -kMost, kMost, in, out, 0),
        "global_average_pooling_2d");
  return out;
}

std::uint32_t XnnpackGraph::padded(std::uint32_t in, EndPadding padding) {
  if (padding.side == 0 && padding.channels == 0) return in;
  const PeerShape from = shapes_.at(in);
  const std::uint32_t out = inner({from.side + padding.side, from.channels + padding.channels});
  const std::array<std::size_t, 4> before{};
  const std::array<std::size_t, 4> after{0, padding.side, padding.side, padding.channels};
  check(xnn_define_static_constant_pad(graph_.get(), before.data(), after.data(), 0.0F, in, out, 0),
        "static_constant_pad");
  return out;
}

std::uint32_t XnnpackGraph::add(std::uint32_t a, std::uint32_t b, bool relu) {
  const std::uint32_t out = inner(shapes_.at(a));
  check(xnn_define_add2(graph_.get(), least(relu), kMost, a, b, out, 0), "add2");
  return out;
}

std::uint32_t XnnpackGraph::scale(std::uint32_t in, std::uint32_t factors) {
  const std::uint32_t out = inner(shapes_.at(in));
  check(xnn_define_multiply2(graph_.get(), -kMost, kMost, in, factors, out, 0), "multiply2");
  return out;
}

std::uint32_t XnnpackGraph::relu(std::uint32_t in) {
  const std::uint32_t out = inner(shapes_.at(in));
  check(xnn_define_clamp(graph_.get(), 0.0F, kMost, in, out, 0), "clamp");
  return out;
}

std::uint32_t XnnpackGraph::prelu(std::uint32_t in, std::vector<float> slopes) {
  const std::uint32_t slope = constant({shapes_.at(in).channels}, std::move(slopes));
  const std::uint32_t out = inner(shapes_.at(in));
  check(xnn_define_prelu(graph_.get(), in, slope, out, 0), "prelu");
  return out;
}

std::uint32_t XnnpackGraph::sigmoid(std::uint32_t in) {
  const std::uint32_t out = inner(shapes_.at(in));
  check(xnn_define_sigmoid(graph_.get(), in, out, 0), "sigmoid");
  return out;
}

std::uint32_t XnnpackGraph::fullyConnected(std::uint32_t in, std::size_t outputs,
                                           std::vector<float> weights) {
  const std::uint32_t filter = constant({outputs, shapes_.at(in).channels}, std::move(weights));
  const std::uint32_t out = inner({1, outputs});
  check(xnn_define_fully_connected(graph_.get(), -kMost, kMost, in, filter, XNN_INVALID_VALUE_ID,
                                   out, 0),
        "fully_connected");
  return out;
}

void XnnpackGraph::finish(const std::vector<std::uint32_t>& outputs) {
  std::vector<xnn_external_value> externals{{kInput, input_.data()}};
  for (const std::uint32_t output : outputs) {
    const PeerShape from = shapes_.at(output);
    const std::uint32_t out = value(from, narrow(externals.size()), XNN_VALUE_FLAG_EXTERNAL_OUTPUT);
    // A clamp that changes nothing becomes part of the layer before.
    check(xnn_define_clamp(graph_.get(), -kMost, kMost, output, out, 0), "clamp");
    outputs_.emplace_back(from.side * from.side * from.channels);
    externals.push_back({out, outputs_.back().data()});
  }
  xnn_runtime_t runtime = nullptr;
  check(xnn_create_runtime_v2(graph_.get(), nullptr, 0, &runtime), "create_runtime");
  runtime_.reset(runtime);
  check(xnn_setup_runtime(runtime, externals.size(), externals.data()), "setup_runtime");
}

void XnnpackGraph::run() { check(xnn_invoke_runtime(runtime_.get()), "invoke_runtime"); }

std::string XnnpackGraph::note() { return "XNNPACK " XNNPACK_VERSION; }

}  // namespace countenance::bench
