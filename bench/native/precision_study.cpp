// Where int8's accuracy comes from: the embedder with one of its changes at a time, in f32.
//
//   precision_study cut <blazeface.bin> <facemesh.bin> <chips.rgb>
//                              the largest face of each picture on stdin, 250 x 250 RGB8 without a
//                              header; a line for each picture: 1, or 0 when it has no face
//   precision_study caps <embedder.bin> <chips.rgb> <fraction> <every>
//                              the numbers of nn/resnet_caps.h: what this fraction of each
//                              convolution's positive inputs stays under (1: all), over the chips
//                              0, <every>, 2 <every> ...
//   precision_study run <embedder.bin> <chips.rgb> <variant> <vectors.f32> [caps]
//                              128 floats per chip; variants: a precision, or see variantNamed()
//
// chips.rgb holds 150 x 150 RGB8 chips, one after the other.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "core/image.h"
#include "nn/kernels.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "nn/packed_weights.h"
#include "nn/precision.h"
#include "nn/resnet.h"
#include "nn/resnet_caps.h"
#include "nn/resnet_plan.h"
#include "read_file.h"
#include "vision/align_mesh.h"
#include "vision/pipeline_finder.h"

namespace {

using namespace countenance;  // NOLINT: a program of one file, about this namespace
using nn::Layer;
using nn::LayerKind;

constexpr std::size_t kFeatures = 256;

/// What is done to a convolution's input and weights before it multiplies them.
struct Variant {
  bool clips = false;           ///< Inputs are cut off at the layer's cap.
  bool roundsInputs = false;    ///< To 255 steps up to the cap.
  bool roundsWeights = false;   ///< To 127 steps up to the output channel's largest.
  bool roundsStem = false;      ///< The first layer's weights too.
  const float* caps = nullptr;  ///< Others than kResNetCaps.
};

/// Each output's weights as the nearest multiples of its step.
void roundWeights(std::vector<float>& weights, std::size_t outputs) {
  const std::size_t perOutput = weights.size() / outputs;
  for (std::size_t o = 0; o < outputs; ++o) {
    float* from = weights.data() + o * perOutput;
    float most = 0;
    for (std::size_t i = 0; i < perOutput; ++i) most = std::max(most, std::abs(from[i]));
    const float step = most / nn::kMostWeightSteps;
    for (std::size_t i = 0; i < perOutput; ++i) from[i] = std::nearbyint(from[i] / step) * step;
  }
}

/// The network from its plan and the f32 kernels, with a hand on every convolution's input.
class Study final {
 public:
  Study(const ModelFile& model, const Variant& variant) : plan_(nn::resNetPlan()) {
    const auto stem = model.values<float>("conv0.weights",
                                          {nn::kStemChannels, 3, nn::kStemKernel, nn::kStemKernel});
    std::vector<float> stemWeights(stem.begin(), stem.end());
    if (variant.roundsStem) roundWeights(stemWeights, nn::kStemChannels);
    stem_ = nn::packStem(stemWeights, model.values<float>("conv0.bias", {nn::kStemChannels}),
                         model.values<float>("input.mean", {3}),
                         model.values<float>("input.divisor", {1})[0], nn::Operands::kF32);
    std::size_t scratch = 0;
    std::size_t largest = 0;
    for (const Layer& layer : plan_.layers) {
      if (layer.kind != LayerKind::kConvolution) continue;
      const std::string name = "conv" + std::to_string(layers_.size() + 1);
      const std::size_t inputs = layer.in.channels;
      const std::size_t outputs = layer.out.channels;
      const auto raw = model.values<float>(name + ".weights", {outputs, inputs, 3, 3});
      std::vector<float> weights(raw.begin(), raw.end());
      if (variant.roundsWeights) roundWeights(weights, outputs);
      const nn::Convolution& kernel = kernelFor(layer);
      layers_.push_back({&kernel, nn::packConvolution(weights, inputs, outputs, kernel),
                         nn::aligned(model.values<float>(name + ".bias", {outputs}))});
      scratch = std::max(scratch, nn::convolutionScratch(kernel, inputs / nn::kBlock));
      largest = std::max(largest, floatsOf(layer.in));
    }
    memory_ = nn::AlignedFloats(plan_.scratchSize + scratch);
    input_ = nn::AlignedFloats(largest);
    const auto head = model.values<float>("fc.weights", {nn::ResNet::kDimension, kFeatures});
    head_.assign(head.begin(), head.end());
  }

  /// @param change  Called with the convolution's number from 0 and a copy of its input.
  template <typename Change>
  std::vector<float> run(const std::uint8_t* rgb, Change&& change) {
    float* memory = memory_.data();
    const nn::Kernels& kernels = nn::bestKernels();
    kernels.f32.stem({rgb, memory + plan_.pixels, stem_.packed.weights.data(), stem_.bias.data(),
                      view(memory + plan_.first.offset, plan_.first), nullptr});
    std::size_t number = 0;
    for (const Layer& layer : plan_.layers) {
      const nn::MapView from = view(memory + layer.in.offset, layer.in);
      const nn::MapView to = view(memory + layer.out.offset, layer.out);
      if (layer.kind == LayerKind::kMaxPool) kernels.maxPool({from, to});
      if (layer.kind == LayerKind::kMeanPool) kernels.meanPool({from, to});
      if (layer.kind != LayerKind::kConvolution) continue;
      std::copy_n(from.data, floatsOf(layer.in), input_.data());
      change(number, input_.data(), floatsOf(layer.in));
      const Packed& packed = layers_[number++];
      packed.kernel->run({view(input_.data(), layer.in), to, packed.weights.weights.data(),
                          packed.bias.data(), layer.addsToOut, memory + plan_.scratchSize, nullptr,
                          0});
    }
    return head();
  }

 private:
  struct Packed {
    const nn::Convolution* kernel;
    nn::PackedWeights weights;
    nn::AlignedFloats bias;
  };

  static std::size_t floatsOf(const nn::Map& map) {
    return map.channels * (map.side + 2) * (map.side + 2);
  }

  static nn::MapView view(float* data, const nn::Map& map) {
    const std::size_t row = (map.side + 2) * nn::kBlock;
    return {data, map.channels / nn::kBlock, map.side, row, (map.side + 2) * row};
  }

  static const nn::Convolution& kernelFor(const Layer& layer) {
    const nn::ResNetKernels& kernels = nn::bestKernels().f32;
    const nn::Convolution* end = kernels.convolutions + kernels.convolutionCount;
    return *std::find_if(kernels.convolutions, end, [&layer](const nn::Convolution& one) {
      return one.inSide == layer.in.side && one.stride == layer.stride &&
             one.kernel == layer.kernel;
    });
  }

  std::vector<float> head() const {
    const nn::MapView map =
        view(const_cast<float*>(memory_.data()) + plan_.last.offset, plan_.last);
    std::vector<float> out(nn::ResNet::kDimension);
    for (std::size_t c = 0; c < kFeatures; ++c) {
      float sum = 0;
      for (std::size_t y = 1; y <= map.side; ++y) {
        for (std::size_t x = 1; x <= map.side; ++x) {
          sum +=
              map.data[c / nn::kBlock * map.plane + y * map.row + x * nn::kBlock + c % nn::kBlock];
        }
      }
      sum /= static_cast<float>(map.side * map.side);
      for (std::size_t o = 0; o < out.size(); ++o) out[o] += sum * head_[o * kFeatures + c];
    }
    return out;
  }

  nn::ResNetPlan plan_;
  nn::PackedStem stem_;
  std::vector<Packed> layers_;
  nn::AlignedFloats memory_;
  nn::AlignedFloats input_;
  std::vector<float> head_;
};

void cut(const std::string& blazeFace, const std::string& faceMesh, const std::string& chips) {
  constexpr std::size_t kSide = 250;
  const std::vector<std::uint8_t> detector = bench::readFile(blazeFace);
  const std::vector<std::uint8_t> mesh = bench::readFile(faceMesh);
  PipelineModels models;
  models.detector = DetectorKind::kBlazeFace;
  models.alignment = Alignment::kMesh;
  models.detectorNetwork = std::make_shared<const nn::Network>(ModelFile(detector));
  models.mesh = std::make_shared<const nn::Network>(ModelFile(mesh));
  FaceFinder finder(models);
  std::ofstream out(chips, std::ios::binary);
  Image picture(kSide, kSide);
  const auto bytes = static_cast<std::streamsize>(kSide * kSide * 3);
  while (std::cin.read(reinterpret_cast<char*>(picture.row(0)), bytes)) {
    const auto faces = finder.find(picture.view(), 1, CancelToken());
    std::optional<Chip> chip;
    if (!faces.empty() && faces[0].mesh) {
      const std::vector<Point> points(faces[0].mesh->points.begin(), faces[0].mesh->points.end());
      chip = alignMesh(picture.view(), points);
    }
    std::cout << (chip ? "1\n" : "0\n");
    if (chip) out.write(reinterpret_cast<const char*>(chip->pixels.row(0)), nn::kStemPixels);
  }
  out.close();
  if (!out) throw std::runtime_error("cannot write " + chips);
}

void printCaps(const ModelFile& model, const std::vector<std::uint8_t>& chips, double fraction,
               std::size_t every) {
  // Bins of one part in 128: fine enough for a cap.
  constexpr int kBinsPerOctave = 128;
  Study study(model, {});
  std::vector<std::map<int, std::size_t>> bins(nn::kResNetCapCount);
  std::vector<float> largest(nn::kResNetCapCount);
  for (std::size_t at = 0; at + nn::kStemPixels <= chips.size(); at += every * nn::kStemPixels) {
    study.run(chips.data() + at, [&](std::size_t number, const float* input, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) {
        if (input[i] <= 0) continue;
        ++bins[number][static_cast<int>(std::ceil(std::log2(input[i]) * kBinsPerOctave))];
        largest[number] = std::max(largest[number], input[i]);
      }
    });
  }
  for (std::size_t number = 0; number < bins.size(); ++number) {
    std::size_t all = 0;
    for (const auto& [bin, count] : bins[number]) all += count;
    const auto allowed = static_cast<std::size_t>((1 - fraction) * static_cast<double>(all));
    std::size_t above = 0;
    float cap = largest[number];
    for (auto bin = bins[number].rbegin(); bin != bins[number].rend() && fraction < 1; ++bin) {
      if (above + bin->second > allowed) break;
      above += bin->second;
      cap = std::exp2(static_cast<float>(bin->first - 1) / kBinsPerOctave);
    }
    std::cout << cap << (number + 1 < bins.size() ? ", " : "\n");
  }
}

Variant variantNamed(const std::string& name, const std::vector<float>& caps) {
  Variant variant;
  if (!caps.empty()) variant.caps = caps.data();
  if (name == "none") return variant;
  variant.clips = name == "clip" || name == "inputs" || name == "all";
  variant.roundsInputs = name == "inputs" || name == "all";
  variant.roundsWeights = name == "weights" || name == "all";
  variant.roundsStem = variant.roundsWeights;
  if (!variant.clips && !variant.roundsWeights) throw std::runtime_error("no variant " + name);
  return variant;
}

/// The network as users get it, in a precision; or nothing for another name.
std::vector<nn::Precision> precisionNamed(const std::string& name) {
  for (const auto one : {nn::Precision::kF32, nn::Precision::kBf16, nn::Precision::kInt8}) {
    if (name == nn::nameOf(one)) return {one};
  }
  return {};
}

void run(const ModelFile& model, const std::vector<std::uint8_t>& chips, const std::string& name,
         const std::vector<float>& caps, std::ostream& out) {
  const auto write = [&out](const std::vector<float>& vector) {
    out.write(reinterpret_cast<const char*>(vector.data()),
              static_cast<std::streamsize>(vector.size() * sizeof(float)));
  };
  const auto precision = precisionNamed(name);
  if (!precision.empty()) {
    const nn::ResNet network(model, nn::bestKernels(), precision.front());
    nn::AlignedFloats scratch = network.scratch();
    std::vector<float> vector(nn::ResNet::kDimension);
    for (std::size_t at = 0; at + nn::kStemPixels <= chips.size(); at += nn::kStemPixels) {
      network.run(chips.data() + at, scratch, vector.data());
      write(vector);
    }
    return;
  }
  const Variant variant = variantNamed(name, caps);
  const float* all = variant.caps != nullptr ? variant.caps : nn::kResNetCaps;
  Study study(model, variant);
  for (std::size_t at = 0; at + nn::kStemPixels <= chips.size(); at += nn::kStemPixels) {
    write(study.run(chips.data() + at, [&](std::size_t number, float* input, std::size_t count) {
      const float cap = all[number];
      const float step = cap / nn::kMostInputSteps;
      for (std::size_t i = 0; i < count && variant.clips; ++i) {
        input[i] = std::min(input[i], cap);
        if (variant.roundsInputs) input[i] = std::nearbyint(input[i] / step) * step;
      }
    }));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() == 4 && args[0] == "cut") {
      cut(args[1], args[2], args[3]);
    } else if (args.size() == 5 && args[0] == "caps") {
      const std::vector<std::uint8_t> bytes = bench::readFile(args[1]);
      const std::size_t every = std::max<std::size_t>(1, std::stoul(args[4]));
      printCaps(ModelFile(bytes), bench::readFile(args[2]), std::stod(args[3]), every);
    } else if ((args.size() == 5 || args.size() == 5 + nn::kResNetCapCount) && args[0] == "run") {
      const std::vector<std::uint8_t> bytes = bench::readFile(args[1]);
      std::vector<float> caps;
      for (std::size_t i = 5; i < args.size(); ++i) caps.push_back(std::stof(args[i]));
      std::ofstream out(args[4], std::ios::binary);
      run(ModelFile(bytes), bench::readFile(args[2]), args[3], caps, out);
    } else {
      std::cerr << "usage: precision_study cut|caps|run <files>\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
