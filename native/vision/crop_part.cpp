#include "vision/crop_part.h"

#include <algorithm>
#include <cmath>

namespace countenance {
namespace {

struct Extent {
  std::size_t start;
  std::size_t length;
};

/// @param start, end  Edges of the picture along one axis, in pixels of the crop.
Extent filled(float start, float end, std::size_t size, std::size_t step) {
  const auto edge = static_cast<float>(size);
  const float from = std::floor(std::clamp(start, 0.0F, edge));
  const float to = std::ceil(std::clamp(end, 0.0F, edge));
  const auto first = static_cast<std::size_t>(from);
  const auto needed = static_cast<std::size_t>(std::max(to - from, 0.0F));
  const std::size_t rounded = (needed + step - 1) / step * step;
  const std::size_t length = std::clamp(rounded, (size / 2 + step - 1) / step * step, size);
  const std::size_t before = (length - std::min(length, needed)) / 2;
  return {std::min(first - std::min(first, before), size - length), length};
}

}  // namespace

CropPart filledPart(const Region& region, std::size_t size, std::size_t step,
                    std::size_t pictureWidth, std::size_t pictureHeight) {
  if (region.roll != 0) return {0, 0, size, size};
  const float scale = region.scale(size);
  const auto along = [&](float centre, std::size_t pictureSide) {
    const float first = centre + 0.5F - region.side / 2;  // the crop's edge, in the picture
    return filled(-first / scale, (static_cast<float>(pictureSide) - first) / scale, size, step);
  };
  const Extent x = along(region.centre.x, pictureWidth);
  const Extent y = along(region.centre.y, pictureHeight);
  return {x.start, y.start, x.length, y.length};
}

Affine partToPicture(const Region& region, std::size_t size, const CropPart& part) {
  Affine map = region.toPicture(size);
  const Point origin = map({static_cast<float>(part.left), static_cast<float>(part.top)});
  map.c = origin.x;
  map.f = origin.y;
  return map;
}

}  // namespace countenance
