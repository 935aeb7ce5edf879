#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/model_file.h"
#include "nn/network.h"

namespace countenance::test {

/// An output of a TinyNetwork: `values` in every pixel, whatever the input is.
struct TinyOutput {
  std::string name;
  std::vector<float> values;
};

/// A network that gives the same maps for every input: what a stride leaves of the input, by
/// halving it, times weights of zero, plus the values. A stride of `side` leaves one pixel.
inline std::vector<std::uint8_t> tinyNetworkBytes(
    std::size_t side, const std::vector<std::pair<std::size_t, TinyOutput>>& strided) {
  ModelFileWriter writer;
  writer.property("kind", "network");
  std::string names;
  std::vector<std::int32_t> layers;
  std::vector<std::int32_t> outputs;
  std::int32_t count = 0;
  const auto add = [&](std::int32_t kind, std::int32_t from, std::int32_t window,
                       std::size_t channels) {
    const auto made = static_cast<std::int32_t>(channels);
    for (const std::int32_t value : {kind, from, 0, window, window, 0, 0, made, 0, 0}) {
      layers.push_back(value);
    }
    return ++count;
  };
  for (const auto& [stride, output] : strided) {
    std::int32_t value = 0;
    if (stride == side) {
      value = add(5, value, 1, 3);
    } else {
      for (std::size_t halved = 1; halved < stride; halved *= 2) value = add(4, value, 2, 3);
    }
    const std::string number = std::to_string(count);
    const std::size_t channels = output.values.size();
    outputs.push_back(add(1, value, 1, channels));
    writer.tensor(number + ".weights", {channels, 1, 1, 3}, std::vector<float>(channels * 3));
    writer.tensor(number + ".bias", {channels}, output.values);
    names += (names.empty() ? "" : ",") + output.name;
  }
  writer.property("outputs", names);
  const auto edge = static_cast<std::int32_t>(side);
  writer.tensor("input", {3}, std::vector<std::int32_t>{edge, edge, 3});
  writer.tensor("layers", {layers.size() / 10, 10}, layers);
  writer.tensor("outputs", {outputs.size()}, outputs);
  return writer.bytes();
}

inline std::shared_ptr<const nn::Network> tinyNetwork(
    std::size_t side, const std::vector<std::pair<std::size_t, TinyOutput>>& strided) {
  const std::vector<std::uint8_t> bytes = tinyNetworkBytes(side, strided);
  return std::make_shared<const nn::Network>(ModelFile(bytes));
}

}  // namespace countenance::test
