#pragma once

#include <cstddef>

#include "vision/region.h"

namespace countenance {

/// A rectangle of a square crop, in pixels of the crop.
struct CropPart {
  std::size_t left = 0;
  std::size_t top = 0;
  std::size_t width = 0;
  std::size_t height = 0;
};

/// What a network needs to see of a `size` x `size` crop: all that shows the picture, without the
/// bars that fill an upright letterbox. Both sides are multiples of `step`, which divides `size`,
/// and at least half of `size`. A turned region has no bars, but triangles: it is needed whole.
CropPart filledPart(const Region& region, std::size_t size, std::size_t step,
                    std::size_t pictureWidth, std::size_t pictureHeight);

/// From the pixels of the part to those of the picture.
Affine partToPicture(const Region& region, std::size_t size, const CropPart& part);

}  // namespace countenance
