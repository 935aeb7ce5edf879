// Stock dlib, timed as its own examples use it.
//
//   dlib_peer embed <resnet.dat> <chips.rgb> <threads>            one chip per iteration
//   dlib_peer pipeline <resnet.dat> <shape_5.dat> <photo.jpg> <threads>
//                                                                 JPEG bytes to vector; each thread
//                                                                 has a chain of its own
//   dlib_peer detect <photo.jpg>...                               pixels to boxes, in turn
//   dlib_peer align <shape_5.dat> <photo.jpg>                     the largest face's box to its
//   chip
//
// chips.rgb holds 150 x 150 RGB8 chips, one after the other.

#include <dlib/image_loader/jpeg_loader.h>
#include <dlib/image_processing.h>
#include <dlib/image_processing/frontal_face_detector.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../rounds.h"
#include "dlib_network.h"

extern "C" {
// OpenBLAS's own report of the kernels that it picked.
char* openblas_get_corename();
int openblas_get_num_threads();
}

namespace {

using Chip = dlib::matrix<dlib::rgb_pixel>;
using countenance::bench::DlibNetwork;
using countenance::bench::RoundServer;

constexpr long kChipSide = 150;
constexpr double kChipPadding = 0.25;

std::vector<unsigned char> readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<Chip> readChips(const std::string& path) {
  constexpr std::size_t kBytes = kChipSide * kChipSide * 3;
  const std::vector<unsigned char> bytes = readFile(path);
  std::vector<Chip> chips;
  for (std::size_t at = 0; at + kBytes <= bytes.size(); at += kBytes) {
    Chip chip(kChipSide, kChipSide);
    const unsigned char* from = bytes.data() + at;
    for (dlib::rgb_pixel& pixel : chip) {
      pixel = dlib::rgb_pixel(from[0], from[1], from[2]);
      from += 3;
    }
    chips.push_back(std::move(chip));
  }
  if (chips.empty()) throw std::runtime_error("no chip in " + path);
  return chips;
}

std::vector<float> toVector(const dlib::matrix<float, 0, 1>& from) {
  return {from.begin(), from.end()};
}

std::string blasNote() {
  return std::string("dlib " DLIB_PEER_VERSION ", OpenBLAS kernels ") + openblas_get_corename() +
         ", threads " + std::to_string(openblas_get_num_threads());
}

void serveEmbed(const std::string& networkPath, const std::string& chipsPath, std::size_t threads) {
  DlibNetwork first;
  dlib::deserialize(networkPath) >> first;
  std::vector<DlibNetwork> networks(threads, first);
  const std::vector<Chip> chips = readChips(chipsPath);
  std::vector<std::vector<float>> vectors;
  for (const Chip& chip : chips) vectors.push_back(toVector(networks.at(0)(chip)));
  RoundServer server;
  server.ready(blasNote() + ", networks " + std::to_string(threads), vectors);
  server.serve(threads,
               [&](std::size_t t, std::size_t i) { networks[t](chips[i % chips.size()]); });
}

/// Empty when there is none.
dlib::rectangle largest(const std::vector<dlib::rectangle>& boxes) {
  const auto found = std::max_element(boxes.begin(), boxes.end(),
                                      [](auto& a, auto& b) { return a.area() < b.area(); });
  return found == boxes.end() ? dlib::rectangle() : *found;
}

/// Everything that one thread needs to get from a photo to a vector.
class Chain final {
 public:
  Chain(const std::string& networkPath, const std::string& shapePath) {
    dlib::deserialize(networkPath) >> network_;
    dlib::deserialize(shapePath) >> predictor_;
  }

  /// Of the largest face; empty when there is none.
  std::vector<float> embed(const std::vector<unsigned char>& jpeg) {
    dlib::array2d<dlib::rgb_pixel> picture;
    dlib::load_jpeg(picture, jpeg.data(), jpeg.size());
    const dlib::rectangle box = largest(detector_(picture));
    if (box.is_empty()) return {};
    const dlib::full_object_detection points = predictor_(picture, box);
    Chip chip;
    dlib::extract_image_chip(picture, dlib::get_face_chip_details(points, kChipSide, kChipPadding),
                             chip);
    return toVector(network_(chip));
  }

 private:
  DlibNetwork network_;
  dlib::shape_predictor predictor_;
  dlib::frontal_face_detector detector_ = dlib::get_frontal_face_detector();
};

void servePipeline(const std::string& networkPath, const std::string& shapePath,
                   const std::string& photoPath, std::size_t threads) {
  const std::vector<unsigned char> jpeg = readFile(photoPath);
  std::vector<std::unique_ptr<Chain>> chains;
  for (std::size_t t = 0; t < threads; ++t) {
    chains.push_back(std::make_unique<Chain>(networkPath, shapePath));
  }
  const std::vector<float> vector = chains.at(0)->embed(jpeg);
  if (vector.empty()) throw std::runtime_error("found no face");
  RoundServer server;
  server.ready(blasNote() + ", chains " + std::to_string(threads) + ", HOG at full size", {vector});
  server.serve(threads, [&](std::size_t t, std::size_t) { chains[t]->embed(jpeg); });
}

using Picture = dlib::array2d<dlib::rgb_pixel>;

Picture readPicture(const std::string& path) {
  Picture picture;
  dlib::load_jpeg(picture, path);
  return picture;
}

void serveDetect(const std::vector<std::string>& photoPaths) {
  std::vector<Picture> pictures;
  for (const std::string& path : photoPaths) pictures.push_back(readPicture(path));
  dlib::frontal_face_detector detector = dlib::get_frontal_face_detector();
  std::vector<std::vector<float>> counts;
  for (const Picture& picture : pictures) {
    counts.push_back({static_cast<float>(detector(picture).size())});
  }
  RoundServer server;
  server.ready("dlib " DLIB_PEER_VERSION ", HOG at full size", counts);
  server.serve([&](std::size_t i) { detector(pictures[i % pictures.size()]); });
}

void serveAlign(const std::string& shapePath, const std::string& photoPath) {
  dlib::shape_predictor predictor;
  dlib::deserialize(shapePath) >> predictor;
  const Picture picture = readPicture(photoPath);
  const dlib::rectangle box = largest(dlib::get_frontal_face_detector()(picture));
  if (box.is_empty()) throw std::runtime_error("error: found no face");
  const auto align = [&] {
    Chip chip;
    dlib::extract_image_chip(
        picture, dlib::get_face_chip_details(predictor(picture, box), kChipSide, kChipPadding),
        chip);
    return chip;
  };
  RoundServer server;
  server.ready("dlib " DLIB_PEER_VERSION ", 5 points", {{static_cast<float>(align().size())}});
  server.serve([&](std::size_t) { align(); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  try {
    if (args.size() == 4 && args[0] == "embed") {
      serveEmbed(args[1], args[2], std::stoul(args[3]));
    } else if (args.size() == 5 && args[0] == "pipeline") {
      servePipeline(args[1], args[2], args[3], std::stoul(args[4]));
    } else if (args.size() >= 2 && args[0] == "detect") {
      serveDetect({args.begin() + 1, args.end()});
    } else if (args.size() == 3 && args[0] == "align") {
      serveAlign(args[1], args[2]);
    } else {
      std::cerr << "usage: dlib_peer embed|pipeline|detect|align <files>\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
