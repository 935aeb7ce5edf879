// Times our own embedder, and cuts the chips that every row of the case "embed" is timed on.
//
//   embed_bench cut <landmarks.bin> <chips.rgb> <picture.ppm>...
//   embed_bench embed <embedder.bin> <chips.rgb> [precision [level [threads]]]
//                                    one chip per iteration, in f32 or that precision, with the
//                                    kernels of that level of CPUs or the `best`, on one thread or
//                                    several, each of which has a chip of its own
//   embed_bench peak                 GFLOP/s of f32 that a core can do
//
// chips.rgb holds 150 x 150 RGB8 chips, one after the other.

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/image.h"
#include "fma_peak.h"
#include "kernels_named.h"
#include "nn/kernels.h"
#include "nn/model_file.h"
#include "nn/precision.h"
#include "nn/resnet.h"
#include "read_file.h"
#include "read_picture.h"
#include "rounds.h"
#include "vision/align.h"
#include "vision/embed.h"
#include "vision/hog.h"
#include "vision/landmarks.h"

namespace {

using namespace countenance;  // NOLINT: a program of one file, about this namespace

constexpr std::size_t kChipBytes = kChipSize * kChipSize * 3;

void cut(const std::string& landmarksPath, const std::string& chipsPath,
         const std::vector<std::string>& picturePaths) {
  const std::vector<std::uint8_t> bytes = bench::readFile(landmarksPath);
  const LandmarkFinder landmarks{ModelFile({bytes.data(), bytes.size()})};
  HogDetector detector;
  std::ofstream out(chipsPath, std::ios::binary);
  std::size_t chips = 0;
  for (const std::string& path : picturePaths) {
    const Image picture = bench::readPicture(path);
    for (const Detection& face : detector.detect(picture.view())) {
      const std::optional<Chip> chip =
          align(picture.view(), landmarks.find(picture.view(), face.box));
      if (!chip) continue;
      out.write(reinterpret_cast<const char*>(chip->pixels.row(0)), kChipBytes);
      ++chips;
    }
  }
  out.close();
  if (!out || chips == 0) throw std::runtime_error("no chips written to " + chipsPath);
}

nn::Precision precisionNamed(const std::string& name) {
  for (const auto one : {nn::Precision::kF32, nn::Precision::kBf16, nn::Precision::kInt8}) {
    if (name == nn::nameOf(one)) return one;
  }
  throw std::runtime_error("no precision is called " + name);
}

/// @throws std::runtime_error when the CPU has no instructions for this precision, although int8
/// would run without them.
void checkInstructions(nn::Precision precision, const nn::Kernels& kernels) {
  const auto all = nn::resNetKernels(precision, kernels);
  if (all.empty() || all.front()->operands == nn::Operands::kInt8InFloats) {
    throw std::runtime_error(std::string("not available: this CPU has no ") +
                             nn::nameOf(precision) + " products");
  }
}

void serveEmbed(const std::string& embedderPath, const std::string& chipsPath,
                const std::string& precisionName, const std::string& level, std::size_t threads) {
  const nn::Kernels& kernels = bench::kernelsNamed(level);
  const nn::Precision precision = precisionNamed(precisionName);
  checkInstructions(precision, kernels);
  const std::vector<std::uint8_t> model = bench::readFile(embedderPath);
  // Copies share the weights.
  const Embedder first(std::make_shared<const nn::ResNet>(ModelFile(model), kernels, precision));
  std::vector<Embedder> embedders(threads, first);
  const std::vector<std::uint8_t> chips = bench::readFile(chipsPath);
  const std::size_t count = chips.size() / kChipBytes;
  if (count == 0) throw std::runtime_error("no chip in " + chipsPath);
  const auto embed = [&](std::size_t thread, std::size_t i) {
    return embedders[thread].embed({chips.data() + i % count * kChipBytes, kChipSize, kChipSize});
  };
  std::vector<std::vector<float>> vectors;
  for (std::size_t i = 0; i < count; ++i) vectors.push_back(embed(0, i));
  bench::RoundServer server;
  server.ready(std::string("countenance, ") + kernels.name + " kernels, " + precisionName +
                   ", threads " + std::to_string(threads),
               vectors);
  server.serve(threads, embed);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() >= 4 && args[0] == "cut") {
      cut(args[1], args[2], {args.begin() + 3, args.end()});
    } else if (args.size() >= 3 && args.size() <= 6 && args[0] == "embed") {
      serveEmbed(args[1], args[2], args.size() > 3 ? args[3] : "f32",
                 args.size() > 4 ? args[4] : "best", args.size() > 5 ? std::stoul(args[5]) : 1);
    } else if (args.size() == 1 && args[0] == "peak") {
      std::cout << bench::fmaPeak() << "\n";
    } else {
      std::cerr << "usage: embed_bench cut|embed <files> or embed_bench peak\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
