// Our networks on XNNPACK, as subgraphs: what TensorFlow Lite does on a CPU.
//
//   xnnpack_peer embed <dlib-resnet-v1.bin> <chips.rgb> <threads>     one chip per iteration; each
//                                                                     thread has its own graph
//   xnnpack_peer network <network.bin>                                one run per iteration, as
//                                                                     network_bench does it
//
// chips.rgb holds 150 x 150 RGB8 chips, one after the other.

#include <algorithm>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "../network_work.h"
#include "../read_file.h"
#include "../rounds.h"
#include "nn/model_file.h"
#include "resnet_weights.h"
#include "xnnpack_graph.h"

namespace {

using namespace countenance;         // NOLINT: a program of one file, about this namespace
using namespace countenance::bench;  // NOLINT

constexpr std::size_t kChipBytes = ResNetWeights::kChipSide * ResNetWeights::kChipSide * 3;

ConvolutionShape shapeOf(const PeerConvolution& layer, std::size_t pad) {
  return {layer.inputs, layer.outputs, {layer.kernel, layer.stride, pad, pad}};
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
        out = graph.maxPool(in, {3, 2, 0, 0});
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

std::vector<float> tensor(const ModelFile& model, std::size_t layer, const char* name) {
  const std::string full = std::to_string(layer) + "." + name;
  const Span<const float> values = model.values<float>(full, model.tensor(full).shape);
  return {values.begin(), values.end()};
}

/// Layer `i` of a list, without its activation unless that is ReLU and can be part of it.
std::uint32_t addLayer(XnnpackGraph& graph, const ModelFile& model, const nn::NetworkPlan& plan,
                       std::size_t i, const std::vector<std::uint32_t>& values) {
  using Kind = nn::NetworkLayerKind;
  const nn::NetworkLayer& layer = plan.layers[i];
  const std::uint32_t in = values[layer.a];
  const std::size_t inputs = plan.shapes[layer.a].channels;
  const std::size_t outputs = plan.shapes[i + 1].channels;
  const bool relu = layer.activation == nn::Activation::kRelu;
  const ConvolutionShape shape{
      inputs, outputs, {layer.kernel, layer.stride, layer.padBefore, layer.padAfter}};
  switch (layer.kind) {
    case Kind::kConvolution:
      return graph.convolution(in, shape, tensor(model, i, "weights"), tensor(model, i, "bias"),
                               relu);
    case Kind::kDepthwise:
      return graph.depthwise(in, shape, tensor(model, i, "weights"), tensor(model, i, "bias"),
                             relu);
    case Kind::kAdd:
      return graph.add(in, values[layer.b], relu);
    case Kind::kMaxPool:
      return graph.maxPool(in, shape.window);
    case Kind::kMean:
      return graph.globalMean(in);
    case Kind::kPadChannels:
      return graph.padded(in, {0, outputs - inputs});
    case Kind::kScale:
      return graph.scale(in, values[layer.b]);
    case Kind::kActivation:
      return in;
    case Kind::kEnlarge:
      break;
  }
  throw std::runtime_error("error: no XNNPACK layer for layer " + std::to_string(i));
}

/// The layers of a list; its outputs.
std::vector<std::uint32_t> addNetwork(XnnpackGraph& graph, const ModelFile& model,
                                      const nn::NetworkPlan& plan) {
  const nn::Shape3& in = plan.shapes.front();
  if (in.height != in.width) throw std::runtime_error("error: the input is not square");
  std::vector<std::uint32_t> values{graph.input({in.height, in.channels})};
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    const nn::NetworkLayer& layer = plan.layers[i];
    std::uint32_t value = addLayer(graph, model, plan, i, values);
    if (layer.activation == nn::Activation::kPrelu) {
      value = graph.prelu(value, tensor(model, i, "slope"));
    } else if (layer.activation == nn::Activation::kSigmoid) {
      value = graph.sigmoid(value);
    } else if (layer.activation == nn::Activation::kRelu && !layer.hasWeights() &&
               layer.kind != nn::NetworkLayerKind::kAdd) {
      value = graph.relu(value);
    }
    values.push_back(value);
  }
  std::vector<std::uint32_t> outputs;
  for (const std::size_t output : plan.outputs) outputs.push_back(values[output]);
  return outputs;
}

void serveNetwork(const std::string& path) {
  const std::vector<std::uint8_t> bytes = readFile(path);
  const ModelFile model({bytes.data(), bytes.size()});
  const nn::NetworkPlan plan = nn::networkPlan(model);
  XnnpackGraph graph;
  graph.finish(addNetwork(graph, model, plan));
  const std::vector<float> picture = networkInput(plan.shapes.front());
  const auto run = [&] {
    std::copy(picture.begin(), picture.end(), graph.inputValues().begin());
    graph.run();
  };
  run();
  std::vector<std::vector<float>> vectors;
  for (std::size_t i = 0; i < plan.outputs.size(); ++i) vectors.push_back(graph.outputValues(i));
  RoundServer server;
  server.ready(XnnpackGraph::note() + ", threads 1", vectors);
  server.serve([&](std::size_t) { run(); });
}

void serveEmbed(const std::string& modelPath, const std::string& chipsPath, std::size_t threads) {
  const ResNetWeights weights = readResNetWeights(modelPath);
  std::vector<std::unique_ptr<XnnpackGraph>> graphs;
  for (std::size_t t = 0; t < threads; ++t) {
    graphs.push_back(std::make_unique<XnnpackGraph>());
    const std::uint32_t pixels = graphs[t]->input({ResNetWeights::kChipSide, 3});
    graphs[t]->finish({addResNet(*graphs[t], weights, pixels)});
  }
  const std::vector<std::uint8_t> chips = readFile(chipsPath);
  const std::size_t count = chips.size() / kChipBytes;
  if (count == 0) throw std::runtime_error("error: no chip in " + chipsPath);
  const auto embed = [&](std::size_t t, std::size_t i) {
    XnnpackGraph& graph = *graphs[t];
    const std::uint8_t* chip = &chips[i % count * kChipBytes];
    std::copy(chip, chip + kChipBytes, graph.inputValues().begin());
    graph.run();
    return graph.outputValues(0);
  };
  std::vector<std::vector<float>> vectors;
  for (std::size_t i = 0; i < count; ++i) vectors.push_back(embed(0, i));
  RoundServer server;
  server.ready(XnnpackGraph::note() + ", graphs " + std::to_string(threads), vectors);
  server.serve(threads, embed);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() == 4 && args[0] == "embed") {
      serveEmbed(args[1], args[2], std::stoul(args[3]));
    } else if (args.size() == 2 && args[0] == "network") {
      serveNetwork(args[1]);
    } else {
      std::cerr << "usage: xnnpack_peer embed <files> <threads> or network <file>\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
