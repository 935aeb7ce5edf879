#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nn/model_file.h"
#include "planes.h"

namespace countenance::test {

enum Kind { kConv = 1, kDepthwise, kAdd, kMaxPool, kMean, kPad, kScale, kEnlarge, kActivation };
enum Act { kNone, kRelu, kPrelu, kSigmoid };

/// Writes a container of kind network whose weights are noise, sized so that the values neither
/// grow nor vanish. Tests may spoil anything in it before bytes().
class NetworkBuilder final {
 public:
  struct Row {
    std::int32_t kind, a, b, kernel, stride, padBefore, padAfter, channels, activation, reserved;
  };

  NetworkBuilder(std::int32_t height, std::int32_t width, std::int32_t channels)
      : input{height, width, channels}, channels_{channels} {}

  /// @returns the value that the layer makes, as of all the following.
  std::int32_t add(const Row& row) {
    rows.push_back(row);
    channels_.push_back(row.channels);
    return static_cast<std::int32_t>(rows.size());
  }
  std::int32_t convolution(std::int32_t a, std::int32_t channels, std::int32_t kernel,
                           std::int32_t stride, std::int32_t before, std::int32_t after, Act act) {
    return add({kConv, a, 0, kernel, stride, before, after, channels, act, 0});
  }
  std::int32_t depthwise(std::int32_t a, std::int32_t kernel, std::int32_t stride,
                         std::int32_t before, std::int32_t after, Act act = kNone) {
    return add({kDepthwise, a, 0, kernel, stride, before, after, channels(a), act, 0});
  }
  std::int32_t maxPool(std::int32_t a, std::int32_t kernel, std::int32_t stride,
                       std::int32_t before, std::int32_t after) {
    return add({kMaxPool, a, 0, kernel, stride, before, after, channels(a), kNone, 0});
  }
  std::int32_t sum(std::int32_t a, std::int32_t b, Act act) {
    return add({kAdd, a, b, 0, 0, 0, 0, channels(a), act, 0});
  }
  std::int32_t scale(std::int32_t a, std::int32_t b) {
    return add({kScale, a, b, 0, 0, 0, 0, channels(a), kNone, 0});
  }
  std::int32_t pad(std::int32_t a, std::int32_t channels) {
    return add({kPad, a, 0, 0, 0, 0, 0, channels, kNone, 0});
  }
  std::int32_t unary(Kind kind, std::int32_t a, Act act = kNone) {
    return add({kind, a, 0, 0, 0, 0, 0, channels(a), act, 0});
  }
  void output(std::int32_t value, const std::string& name) {
    outputs.push_back(value);
    outputNames += (outputNames.empty() ? "" : ",") + name;
  }

  std::vector<std::uint8_t> bytes() const {
    ModelFileWriter writer;
    writer.property("kind", "network");
    writer.property("outputs", outputNames);
    writer.tensor("input", {input.size()}, input);
    std::vector<std::int32_t> numbers;
    for (const Row& r : rows) {
      for (const std::int32_t number : {r.kind, r.a, r.b, r.kernel, r.stride, r.padBefore,
                                        r.padAfter, r.channels, r.activation, r.reserved}) {
        numbers.push_back(number);
      }
    }
    writer.tensor("layers", {rows.size(), 10}, numbers);
    writer.tensor("outputs", {outputs.size()}, outputs);
    for (std::size_t i = 0; i < rows.size(); ++i) weights(writer, i);
    return writer.bytes();
  }

  std::vector<std::int32_t> input;
  std::vector<Row> rows;
  std::vector<std::int32_t> outputs;
  std::string outputNames;
  std::string without;  ///< The name of a tensor to leave out.

 private:
  std::int32_t channels(std::int32_t value) const {
    return channels_[static_cast<std::size_t>(value)];
  }

  void tensor(ModelFileWriter& writer, const std::string& name, const Shape& shape,
              float scale) const {
    std::size_t size = 1;
    for (const std::size_t side : shape) size *= side;
    if (name != without) {
      writer.tensor(name, shape, noise(size, static_cast<unsigned>(name.size() + size), scale));
    }
  }

  void weights(ModelFileWriter& writer, std::size_t i) const {
    const Row& row = rows[i];
    const std::string name = std::to_string(i);
    const auto outputs = static_cast<std::size_t>(row.channels);
    const auto kernel = static_cast<std::size_t>(row.kernel);
    const std::size_t inputs =
        row.kind == kConv ? static_cast<std::size_t>(channels(row.a)) : std::size_t{1};
    const float scale = 1.5F / std::sqrt(static_cast<float>(inputs * kernel * kernel) + 1);
    if (row.kind == kConv) {
      tensor(writer, name + ".weights", {outputs, kernel, kernel, inputs}, scale);
    } else if (row.kind == kDepthwise) {
      tensor(writer, name + ".weights", {kernel, kernel, outputs}, scale);
    }
    if (row.kind <= kDepthwise) tensor(writer, name + ".bias", {outputs}, 0.2F);
    if (row.activation == kPrelu) tensor(writer, name + ".slope", {outputs}, 0.5F);
  }

  std::vector<std::int32_t> channels_;  // of the values
};

/// A small network that every test of damage spoils in its own way.
inline NetworkBuilder smallNetwork() {
  NetworkBuilder builder(12, 10, 3);
  const auto first = builder.convolution(0, 8, 3, 2, 0, 1, kPrelu);
  const auto depthwise = builder.depthwise(first, 3, 1, 1, 1);
  const auto pointwise = builder.convolution(depthwise, 8, 1, 1, 0, 0, kNone);
  builder.output(builder.sum(first, pointwise, kRelu), "sum");
  return builder;
}

}  // namespace countenance::test
