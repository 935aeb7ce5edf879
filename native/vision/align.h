#pragma once

#include <cstddef>
#include <optional>

#include "core/geometry.h"
#include "core/image.h"

namespace countenance {

/// Width and height of the chip that the embedder was trained on.
inline constexpr std::size_t kChipSize = 150;

/// One face, upright.
struct Chip {
  Image pixels;     ///< RGB8, 150 x 150; of a greyscale picture, the three are equal.
  float scale = 0;  ///< Pixels of the picture per pixel of the chip, along a side.
};

/// Warps one face onto an upright 150 x 150 chip.
///
/// @param picture  Any size; borrowed for this call only.
/// @param points  Pixels of the picture. Where the chip reaches past it, the chip is black.
/// @returns Nothing when the points are not finite or (nearly) fall together, so that no face can
/// be warped by them.
/// Template points and padding 0.25: dlib, get_face_chip_details().
std::optional<Chip> align(ImageView picture, const Landmarks5& points);

}  // namespace countenance
