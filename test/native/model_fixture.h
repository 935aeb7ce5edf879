#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model_bytes.h"
#include "nn/model_file.h"
#include "nn/network.h"
#include "vision/pipeline.h"

namespace countenance::test {

inline LandmarkFinder landmarkFinder() {
  const std::vector<std::uint8_t> bytes = modelBytes("dlib-landmarks-5.bin");
  return LandmarkFinder(ModelFile(bytes));
}

inline std::shared_ptr<const nn::Network> network(const std::string& name) {
  const std::vector<std::uint8_t> bytes = modelBytes(name);
  return std::make_shared<const nn::Network>(ModelFile(bytes));
}

inline std::shared_ptr<const nn::ResNet> resnet() {
  const std::vector<std::uint8_t> bytes = modelBytes("dlib-resnet-v1.bin");
  return std::make_shared<const nn::ResNet>(ModelFile(bytes));
}

inline Embedder embedder() { return Embedder(resnet()); }

/// A picture of one grey level.
inline Image plain(std::size_t width, std::size_t height, std::uint8_t level = 90) {
  Image image(width, height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t i = 0; i < 3 * width; ++i) image.row(y)[i] = level;
  }
  return image;
}

}  // namespace countenance::test
