#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/checked.h"

namespace countenance {

/// Borrowed RGB8 or greyscale pixels, rows packed without padding. Valid for one call.
struct ImageView {
  const std::uint8_t* data = nullptr;
  std::size_t width = 0;
  std::size_t height = 0;
  std::size_t channels = 3;  ///< 3: red, green, blue; 1: grey.

  const std::uint8_t* row(std::size_t y) const { return data + y * width * channels; }
};

/// Owned RGB8 (3 channels) or greyscale (1) pixels, rows packed without padding.
class Image final {
 public:
  Image(std::size_t width, std::size_t height, std::size_t channels = 3)
      : width_(width),
        height_(height),
        channels_(channels),
        pixels_(checkedMul(checkedMul(width, height), channels)) {}

  std::size_t width() const { return width_; }
  std::size_t height() const { return height_; }
  std::size_t channels() const { return channels_; }
  std::uint8_t* row(std::size_t y) { return pixels_.data() + y * width_ * channels_; }
  const std::uint8_t* row(std::size_t y) const { return pixels_.data() + y * width_ * channels_; }
  ImageView view() const { return {pixels_.data(), width_, height_, channels_}; }

 private:
  std::size_t width_;
  std::size_t height_;
  std::size_t channels_;
  std::vector<std::uint8_t> pixels_;
};

/// Shrinks a picture by area averaging, so that no detail aliases; channels stay. Both sizes must
/// be at least 1 and at most the source's, else kInvalidArgument.
Image shrink(ImageView source, std::size_t width, std::size_t height);

}  // namespace countenance
