#pragma once

#include <cstddef>
#include <random>
#include <vector>

#include "nn/aligned_floats.h"
#include "nn/kernels.h"

namespace countenance::test {

/// A feature map as the kernels want it, with access by channel and pixel.
class Planes final {
 public:
  Planes(std::size_t channels, std::size_t side)
      : channels_(channels), side_(side), floats_(channels * (side + 2) * (side + 2)) {}

  std::size_t channels() const { return channels_; }
  std::size_t side() const { return side_; }

  /// Row and column -1 and `side` are the border.
  float& at(std::size_t channel, std::ptrdiff_t y, std::ptrdiff_t x) {
    const std::size_t row = static_cast<std::size_t>(y + 1);
    const std::size_t column = static_cast<std::size_t>(x + 1);
    const std::size_t plane = channel / nn::kBlock * (side_ + 2);
    return floats_
        .data()[((plane + row) * (side_ + 2) + column) * nn::kBlock + channel % nn::kBlock];
  }

  nn::MapView view() {
    const std::size_t row = (side_ + 2) * nn::kBlock;
    return {floats_.data(), channels_ / nn::kBlock, side_, row, (side_ + 2) * row};
  }

  void fill(unsigned seed) {
    std::mt19937 random(seed);
    for (std::size_t c = 0; c < channels_; ++c) {
      for (std::size_t y = 0; y < side_; ++y) {
        for (std::size_t x = 0; x < side_; ++x) {
          at(c, static_cast<std::ptrdiff_t>(y), static_cast<std::ptrdiff_t>(x)) =
              static_cast<float>(random() % 2001) / 1000.0F - 1.0F;
        }
      }
    }
  }

  bool borderIsZero() {
    const auto end = static_cast<std::ptrdiff_t>(side_);
    for (std::size_t c = 0; c < channels_; ++c) {
      for (std::ptrdiff_t i = -1; i <= end; ++i) {
        if (at(c, -1, i) != 0 || at(c, end, i) != 0 || at(c, i, -1) != 0 || at(c, i, end) != 0) {
          return false;
        }
      }
    }
    return true;
  }

 private:
  std::size_t channels_;
  std::size_t side_;
  nn::AlignedFloats floats_;
};

inline std::vector<float> noise(std::size_t count, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = scale * (static_cast<float>(random() % 2001) / 1000.0F - 1.0F);
  }
  return values;
}

}  // namespace countenance::test
