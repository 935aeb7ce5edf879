// Times our own detectors and alignments, from pixels on.
//
//   vision_bench detect blazeface|yunet <network.bin> <picture.ppm>...
//   vision_bench detect hog <picture.ppm>...
//   vision_bench find <blazeface.bin> <facemesh.bin> <picture.ppm>...
//   vision_bench align mesh <blazeface.bin> <facemesh.bin> <picture.ppm>
//   vision_bench align dlib <landmarks.bin> <picture.ppm>
//
// detect looks once at one whole picture per iteration, in turn; find is the first half of the
// default pipeline: looks as often as it needs, and checks what it found. align goes from the
// largest face's detection to its chip.

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/image.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "read_file.h"
#include "read_picture.h"
#include "rounds.h"
#include "vision/align.h"
#include "vision/align_mesh.h"
#include "vision/blazeface.h"
#include "vision/hog.h"
#include "vision/landmarks.h"
#include "vision/mesh.h"
#include "vision/pipeline_finder.h"
#include "vision/yunet.h"

namespace {

using namespace countenance;  // NOLINT: a program of one file, about this namespace

using Arguments = std::vector<std::string>;
/// Finds the faces of one picture; how many.
using Detect = std::function<std::size_t(ImageView)>;

constexpr std::size_t kMostFaces = 100;  // the engine's default

std::shared_ptr<const nn::Network> networkOf(const std::string& path) {
  const std::vector<std::uint8_t> bytes = bench::readFile(path);
  return std::make_shared<const nn::Network>(ModelFile({bytes.data(), bytes.size()}));
}

void serveDetect(const Detect& detect, const Arguments& paths) {
  std::vector<Image> pictures;
  for (const std::string& path : paths) pictures.push_back(bench::readPicture(path));
  std::vector<std::vector<float>> counts;
  for (const Image& picture : pictures) {
    counts.push_back({static_cast<float>(detect(picture.view()))});
  }
  bench::RoundServer server;
  server.ready("countenance, 1 thread", counts);
  server.serve([&](std::size_t i) { detect(pictures[i % pictures.size()].view()); });
}

template <typename Detector>
Detect wholeLook(const std::string& network) {
  return [detector = Detector(networkOf(network))](ImageView picture) mutable {
    return detector.detect(picture, wholeRegion(picture.width, picture.height)).size();
  };
}

Detect finder(const std::string& blazeFace, const std::string& mesh) {
  PipelineModels models;
  models.detector = DetectorKind::kBlazeFace;
  models.alignment = Alignment::kMesh;
  models.detectorNetwork = networkOf(blazeFace);
  models.mesh = networkOf(mesh);
  return [find = FaceFinder(models)](ImageView picture) mutable {
    return find.find(picture, kMostFaces, CancelToken()).size();
  };
}

Detection largest(const std::vector<Detection>& found) {
  if (found.empty()) throw std::runtime_error("error: found no face");
  return *std::max_element(found.begin(), found.end(), [](const Detection& a, const Detection& b) {
    return a.box.area() < b.box.area();
  });
}

template <typename Align>
void serveAlign(Align&& align) {
  const auto checked = [&] {
    const std::optional<Chip> chip = align();
    if (!chip) throw std::runtime_error("error: no chip");
    return chip->scale;
  };
  bench::RoundServer server;
  server.ready("countenance, 1 thread", {{checked()}});
  server.serve([&](std::size_t) { checked(); });
}

void serveMesh(const std::string& blazeFace, const std::string& mesh, const std::string& path) {
  constexpr float kMargin = 1.5F;  // of pipeline_finder.cpp
  const Image picture = bench::readPicture(path);
  BlazeFace detector(networkOf(blazeFace));
  const Detection face =
      largest(detector.detect(picture.view(), wholeRegion(picture.width(), picture.height())));
  const Box& box = face.box;
  const Region region{{box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2},
                      kMargin * std::max(box.width, box.height),
                      face.roll};
  FaceMesh finder(networkOf(mesh));
  serveAlign([&] {
    const Mesh found = finder.find(picture.view(), region);
    return alignMesh(picture.view(), {found.points.data(), found.points.size()});
  });
}

void serveDlib(const std::string& landmarks, const std::string& path) {
  const Image picture = bench::readPicture(path);
  HogDetector detector;
  const Box box = largest(detector.detect(picture.view())).box;
  const std::vector<std::uint8_t> bytes = bench::readFile(landmarks);
  const LandmarkFinder finder{ModelFile({bytes.data(), bytes.size()})};
  serveAlign([&] { return align(picture.view(), finder.find(picture.view(), box)); });
}

bool run(const Arguments& args) {
  const auto is = [&args](const char* command, const char* kind, std::size_t atLeast) {
    return args.size() >= atLeast && args[0] == command && (!*kind || args[1] == kind);
  };
  if (is("detect", "blazeface", 4)) {
    serveDetect(wholeLook<BlazeFace>(args[2]), {args.begin() + 3, args.end()});
  } else if (is("detect", "yunet", 4)) {
    serveDetect(wholeLook<YuNet>(args[2]), {args.begin() + 3, args.end()});
  } else if (is("detect", "hog", 3)) {
    const auto hog = std::make_shared<HogDetector>();
    serveDetect([hog](ImageView picture) { return hog->detect(picture).size(); },
                {args.begin() + 2, args.end()});
  } else if (is("find", "", 4)) {
    serveDetect(finder(args[1], args[2]), {args.begin() + 3, args.end()});
  } else if (is("align", "mesh", 5)) {
    serveMesh(args[2], args[3], args[4]);
  } else if (is("align", "dlib", 4)) {
    serveDlib(args[2], args[3]);
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (run({argv + 1, argv + argc})) return 0;
    std::cerr << "usage: vision_bench detect|find|align <files>\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
}
