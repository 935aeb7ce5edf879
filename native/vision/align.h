#pragma once

#include <optional>

#include "core/geometry.h"
#include "core/image.h"
#include "vision/chip.h"

namespace countenance {

/// Warps one face onto its chip as dlib does.
///
/// @param picture  Any size; borrowed for this call only.
/// @param points  Pixels of the picture. Where the chip reaches past it, the chip is black.
/// @returns Nothing when the points are not finite or (nearly) fall together, so that no face can
/// be warped by them.
/// Template points and padding 0.25: dlib, get_face_chip_details().
std::optional<Chip> align(ImageView picture, const Landmarks5& points);

}  // namespace countenance
