#pragma once

#include <cstddef>

#include "core/image.h"

namespace countenance {

/// Width and height of the chip that the embedder was trained on.
inline constexpr std::size_t kChipSize = 150;

/// One face, upright.
struct Chip {
  Image pixels;     ///< RGB8, 150 x 150; of a greyscale picture, the three are equal.
  float scale = 0;  ///< Pixels of the picture per pixel of the chip, along a side.
};

// The chip's side in pixels of the picture. A smaller one holds no face, and a larger one would
// overflow dlib's integer rectangles.
inline constexpr double kMinChipSide = 4;
inline constexpr double kMaxChipSide = 1e6;

}  // namespace countenance
