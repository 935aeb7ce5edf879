#pragma once

#include <cmath>
#include <cstddef>

#include "core/geometry.h"

namespace countenance {

/// A square of a picture, turned: what a network looks at. It may reach past the picture's edge.
struct Region {
  Point centre;
  float side = 0;  ///< Pixels of the picture.
  float roll = 0;  ///< Radians, clockwise as seen: how far what shall stand upright is turned.

  /// Pixels of the picture per pixel of a crop of `size` x `size`.
  float scale(std::size_t size) const { return side / static_cast<float>(size); }

  /// From the pixels of a crop of `size` x `size` to those of the picture.
  Affine toPicture(std::size_t size) const {
    const float s = scale(size);
    const float cosine = s * std::cos(roll);
    const float sine = s * std::sin(roll);
    const float middle = (static_cast<float>(size) - 1) / 2;
    return {cosine, -sine,  centre.x - middle * (cosine - sine),
            sine,   cosine, centre.y - middle * (sine + cosine)};
  }
};

/// The smallest upright square around a whole picture.
inline Region wholeRegion(std::size_t width, std::size_t height) {
  const auto w = static_cast<float>(width);
  const auto h = static_cast<float>(height);
  return {{(w - 1) / 2, (h - 1) / 2}, std::fmax(w, h), 0};
}

}  // namespace countenance
