#pragma once

#include <cstddef>
#include <optional>

#include "core/geometry.h"
#include "core/image.h"

namespace countenance {

/// The part of a picture that a warp reads, shrunk by a whole number.
struct Averaged {
  Image pixels;
  Affine toPixels;  ///< From the warp's target to `pixels`.
};

/// Averages squares of k x k pixels, k being how far the warp shrinks the picture, rounded down.
///
/// @param toPicture  From a width x height target to the picture.
/// @returns Nothing when k is 1, or the warp reads no pixel of the picture: it can do without.
std::optional<Averaged> averaged(ImageView picture, const Affine& toPicture, std::size_t width,
                                 std::size_t height);

}  // namespace countenance
