#include "vision/detection.h"

#include <cmath>

namespace countenance {
namespace {

/// From the edge of the first pixel as origin to its centre.
Point centred(const Point& point) { return {point.x - 0.5F, point.y - 0.5F}; }

}  // namespace

std::vector<Detection> placed(std::vector<Detection> detections, const Region& region,
                              std::size_t size) {
  const Affine toPicture = region.toPicture(size);
  const float scale = region.scale(size);
  for (Detection& one : detections) {
    const Box& box = one.box;
    const Point centre = toPicture(centred({box.x + box.width / 2, box.y + box.height / 2}));
    const float width = box.width * scale;
    const float height = box.height * scale;
    one.box = {centre.x + 0.5F - width / 2, centre.y + 0.5F - height / 2, width, height};
    for (std::size_t i = 0; i < one.points; ++i) one.at[i] = toPicture(centred(one.at[i]));
    one.roll = one.points < 2 ? region.roll
                              : std::atan2(one.at[1].y - one.at[0].y, one.at[1].x - one.at[0].x);
  }
  return detections;
}

}  // namespace countenance
