#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "nn/model_file.h"
#include "vision/pipeline.h"

namespace countenance::test {

/// A built model's bytes. The tests run in the project's folder.
inline std::vector<std::uint8_t> modelBytes(const std::string& name) {
  std::ifstream in("models/" + name, std::ios::binary);
  if (!in) throw std::runtime_error("models/" + name + " is missing; run: npm run build:models");
  return {std::istreambuf_iterator<char>(in), {}};
}

inline LandmarkFinder landmarkFinder() {
  const std::vector<std::uint8_t> bytes = modelBytes("dlib-landmarks-5.bin");
  return LandmarkFinder(ModelFile(bytes));
}

inline Embedder embedder() {
  const std::vector<std::uint8_t> bytes = modelBytes("dlib-resnet-v1.bin");
  return Embedder(ModelFile(bytes));
}

/// A picture of one grey level.
inline Image plain(std::size_t width, std::size_t height, std::uint8_t level = 90) {
  Image image(width, height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t i = 0; i < 3 * width; ++i) image.row(y)[i] = level;
  }
  return image;
}

}  // namespace countenance::test
