// Times our own embedder, and cuts the chips that every row of the case "embed" is timed on.
//
//   embed_bench cut <landmarks.bin> <chips.rgb> <picture.ppm>...
//   embed_bench embed <embedder.bin> <chips.rgb> [precision [level]]
//                                    one chip per iteration, in f32 or that precision, with the
//                                    best kernels or those of that level of CPUs
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
#include "nn/kernels.h"
#include "nn/model_file.h"
#include "nn/precision.h"
#include "nn/resnet.h"
#include "rounds.h"
#include "vision/align.h"
#include "vision/embed.h"
#include "vision/hog.h"
#include "vision/landmarks.h"

namespace {

using namespace countenance;  // NOLINT: a program of one file, about this namespace

constexpr std::size_t kChipBytes = kChipSize * kChipSize * 3;

std::vector<std::uint8_t> readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A binary PPM as bench/photo.ts writes it: no comments, 8 bits.
Image readPicture(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string magic;
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t most = 0;
  in >> magic >> width >> height >> most;
  in.get();  // the one blank between header and pixels
  if (!in || magic != "P6" || most != 255) throw std::runtime_error("no binary PPM: " + path);
  Image picture(width, height);
  in.read(reinterpret_cast<char*>(picture.row(0)),
          static_cast<std::streamsize>(width * height * 3));
  if (!in) throw std::runtime_error("truncated: " + path);
  return picture;
}

void cut(const std::string& landmarksPath, const std::string& chipsPath,
         const std::vector<std::string>& picturePaths) {
  const std::vector<std::uint8_t> bytes = readFile(landmarksPath);
  const LandmarkFinder landmarks{ModelFile({bytes.data(), bytes.size()})};
  HogDetector detector;
  std::ofstream out(chipsPath, std::ios::binary);
  std::size_t chips = 0;
  for (const std::string& path : picturePaths) {
    const Image picture = readPicture(path);
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

/// The kernels of this name, or the best ones for no name.
const nn::Kernels& kernelsNamed(const std::string& level) {
  if (level.empty()) return nn::bestKernels();
  const auto all = nn::availableKernels();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&level](const nn::Kernels* one) { return one->name == level; });
  if (found == all.end()) throw std::runtime_error("this CPU has no " + level);
  return **found;
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
                const std::string& precisionName, const std::string& level) {
  const nn::Kernels& kernels = kernelsNamed(level);
  const nn::Precision precision = precisionNamed(precisionName);
  checkInstructions(precision, kernels);
  const std::vector<std::uint8_t> model = readFile(embedderPath);
  Embedder embedder(std::make_shared<const nn::ResNet>(ModelFile(model), kernels, precision));
  const std::vector<std::uint8_t> chips = readFile(chipsPath);
  const std::size_t count = chips.size() / kChipBytes;
  if (count == 0) throw std::runtime_error("no chip in " + chipsPath);
  const auto embed = [&](std::size_t i) {
    return embedder.embed({chips.data() + i % count * kChipBytes, kChipSize, kChipSize});
  };
  std::vector<std::vector<float>> vectors;
  for (std::size_t i = 0; i < count; ++i) vectors.push_back(embed(i));
  bench::RoundServer server;
  server.ready(
      std::string("countenance, ") + kernels.name + " kernels, " + precisionName + ", 1 thread",
      vectors);
  server.serve(embed);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() >= 4 && args[0] == "cut") {
      cut(args[1], args[2], {args.begin() + 3, args.end()});
    } else if (args.size() >= 3 && args.size() <= 5 && args[0] == "embed") {
      serveEmbed(args[1], args[2], args.size() > 3 ? args[3] : "f32",
                 args.size() > 4 ? args[4] : "");
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
