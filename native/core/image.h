#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/checked.h"

namespace countenance {

/// Borrowed RGB8 pixels, rows packed without padding. Valid for one call.
struct ImageView {
  const std::uint8_t* data = nullptr;
  std::size_t width = 0;
  std::size_t height = 0;

  const std::uint8_t* row(std::size_t y) const { return data + y * width * 3; }
};

/// Owned RGB8 pixels, rows packed without padding.
class Image final {
 public:
  Image(std::size_t width, std::size_t height)
      : width_(width), height_(height), pixels_(checkedMul(checkedMul(width, height), 3)) {}

  std::size_t width() const { return width_; }
  std::size_t height() const { return height_; }
  std::uint8_t* row(std::size_t y) { return pixels_.data() + y * width_ * 3; }
  const std::uint8_t* row(std::size_t y) const { return pixels_.data() + y * width_ * 3; }
  ImageView view() const { return {pixels_.data(), width_, height_}; }

 private:
  std::size_t width_;
  std::size_t height_;
  std::vector<std::uint8_t> pixels_;
};

/// Shrinks a picture by area averaging, so that no detail aliases. Both sizes must be at least 1
/// and at most the source's, else kInvalidArgument.
Image shrink(ImageView source, std::size_t width, std::size_t height);

}  // namespace countenance
