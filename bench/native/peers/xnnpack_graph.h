#pragma once

#include <xnnpack.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace countenance::bench {

/// A value of a graph: a square map with its channels last.
struct PeerShape {
  std::size_t side = 0;
  std::size_t channels = 0;
};

struct WindowShape {
  std::size_t kernel = 1;
  std::size_t stride = 1;
  std::size_t padBefore = 0;  ///< Above and to the left.
  std::size_t padAfter = 0;   ///< Below and to the right.
};

struct ConvolutionShape {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  WindowShape window;
};

/// Zeros at the end of a map: to the right and below, and of its channels.
struct EndPadding {
  std::size_t side = 0;
  std::size_t channels = 0;
};

/// An XNNPACK subgraph, run on the calling thread, that is built layer by layer, and then run. Each
/// call of a layer returns its value; weights are kept. Throws std::runtime_error for what XNNPACK
/// refuses.
class XnnpackGraph final {
 public:
  XnnpackGraph();

  /// Once, before everything else.
  std::uint32_t input(PeerShape shape);
  /// @param weights  [outputs][kernel][kernel][inputs]
  std::uint32_t convolution(std::uint32_t in, const ConvolutionShape& shape,
                            std::vector<float> weights, std::vector<float> bias, bool relu);
  /// @param weights  [kernel][kernel][channels]; the shape's inputs and outputs are the channels.
  std::uint32_t depthwise(std::uint32_t in, const ConvolutionShape& shape,
                          std::vector<float> weights, std::vector<float> bias, bool relu);
  std::uint32_t maxPool(std::uint32_t in, const WindowShape& window);
  std::uint32_t meanPool(std::uint32_t in, std::size_t side);
  std::uint32_t globalMean(std::uint32_t in);
  std::uint32_t padded(std::uint32_t in, EndPadding padding);
  std::uint32_t add(std::uint32_t a, std::uint32_t b, bool relu);
  /// @param factors  A map of one pixel.
  std::uint32_t scale(std::uint32_t in, std::uint32_t factors);
  std::uint32_t relu(std::uint32_t in);
  std::uint32_t prelu(std::uint32_t in, std::vector<float> slopes);
  std::uint32_t sigmoid(std::uint32_t in);
  /// @param weights  [outputs][inputs], no bias.
  std::uint32_t fullyConnected(std::uint32_t in, std::size_t outputs, std::vector<float> weights);

  /// Makes the graph ready to run; nothing can be added any more.
  void finish(const std::vector<std::uint32_t>& outputs);

  PeerShape shape(std::uint32_t value) const { return shapes_.at(value); }
  std::vector<float>& inputValues() { return input_; }
  void run();
  const std::vector<float>& outputValues(std::size_t index) const { return outputs_.at(index); }
  static std::string note();

 private:
  struct Deleter {
    void operator()(xnn_subgraph_t graph) const { xnn_delete_subgraph(graph); }
    void operator()(xnn_runtime_t runtime) const { xnn_delete_runtime(runtime); }
  };
  template <typename Pointer>
  using Owned = std::unique_ptr<std::remove_pointer_t<Pointer>, Deleter>;

  std::uint32_t value(PeerShape shape, std::uint32_t external, std::uint32_t flags);
  std::uint32_t inner(PeerShape shape) { return value(shape, XNN_INVALID_VALUE_ID, 0); }
  std::uint32_t constant(std::vector<std::size_t> dimensions, std::vector<float> values);

  std::vector<PeerShape> shapes_;              // by value; those of constants stay empty
  std::vector<std::vector<float>> constants_;  // the graph borrows them
  std::vector<float> input_;
  std::vector<std::vector<float>> outputs_;
  Owned<xnn_subgraph_t> graph_;
  Owned<xnn_runtime_t> runtime_;  // the last: it borrows the others
};

}  // namespace countenance::bench
