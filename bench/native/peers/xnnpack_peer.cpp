// dlib's ResNet on XNNPACK, as a subgraph: what TensorFlow Lite does on a CPU.
//
//   xnnpack_peer embed <dlib-resnet-v1.bin> <chips.rgb> <threads>     one chip per iteration
//
// chips.rgb holds 150 x 150 RGB8 chips, one after the other.

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "../rounds.h"
#include "resnet_weights.h"
#include "xnnpack_graph.h"

namespace {

using namespace countenance;         // NOLINT: a program of one file, about this namespace
using namespace countenance::bench;  // NOLINT

constexpr std::size_t kChipBytes = ResNetWeights::kChipSide * ResNetWeights::kChipSide * 3;

ConvolutionShape shapeOf(const PeerConvolution& layer, std::size_t pad) {
  return {layer.inputs, layer.outputs, layer.kernel, layer.stride, pad, pad};
}

/// The layers of the plan, whose maps are known by their places in our own scratch memory.
std::uint32_t addResNet(XnnpackGraph& graph, const ResNetWeights& weights, std::uint32_t pixels) {
  std::unordered_map<std::size_t, std::uint32_t> maps;
  const auto convolve = [&graph](const PeerConvolution& layer, std::uint32_t in, std::size_t pad,
                                 bool relu) {
    return graph.convolution(in, shapeOf(layer, pad), channelsLast(layer), layer.bias, relu);
  };
  maps[weights.plan.first.offset] = convolve(weights.stem, pixels, 0, true);
  auto next = weights.convolutions.begin();
  for (const nn::Layer& layer : weights.plan.layers) {
    const std::uint32_t in = maps.at(layer.in.offset);
    std::uint32_t& out = maps[layer.out.offset];
    switch (layer.kind) {
      case nn::LayerKind::kMaxPool:
        out = graph.maxPool(in, 3, 2);
        break;
      case nn::LayerKind::kMeanPool:
        // New channels of the pooled map are zero.
        out = graph.padded(graph.meanPool(in, 2), {0, layer.out.channels - layer.in.channels});
        break;
      case nn::LayerKind::kConvolution: {
        const std::size_t pad = layer.stride == 1 ? layer.kernel / 2 : 0;
        std::uint32_t made = convolve(*next++, in, pad, !layer.addsToOut);
        if (layer.addsToOut) {
          // A smaller map is extended with zeros to the right and below.
          made = graph.padded(made, {layer.out.side - graph.shape(made).side, 0});
          made = graph.add(out, made, true);
        }
        out = made;
        break;
      }
    }
  }
  const std::uint32_t mean = graph.globalMean(maps.at(weights.plan.last.offset));
  return graph.fullyConnected(mean, ResNetWeights::kDimension, weights.head);
}

void serveEmbed(const std::string& modelPath, const std::string& chipsPath, std::size_t threads) {
  XnnpackGraph graph(threads);
  const std::uint32_t pixels = graph.input({ResNetWeights::kChipSide, 3});
  graph.finish({addResNet(graph, readResNetWeights(modelPath), pixels)});

  const std::vector<std::uint8_t> chips = readFile(chipsPath);
  const std::size_t count = chips.size() / kChipBytes;
  if (count == 0) throw std::runtime_error("error: no chip in " + chipsPath);
  const auto embed = [&](std::size_t i) {
    const std::uint8_t* chip = &chips[i % count * kChipBytes];
    std::copy(chip, chip + kChipBytes, graph.inputValues().begin());
    graph.run();
    return graph.outputValues(0);
  };
  std::vector<std::vector<float>> vectors;
  for (std::size_t i = 0; i < count; ++i) vectors.push_back(embed(i));
  RoundServer server;
  server.ready(graph.note(), vectors);
  server.serve(embed);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() == 4 && args[0] == "embed") {
      serveEmbed(args[1], args[2], std::stoul(args[3]));
    } else {
      std::cerr << "usage: xnnpack_peer embed <files> <threads>\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
