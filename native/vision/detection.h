#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/geometry.h"
#include "vision/region.h"

namespace countenance {

/// One place of a picture that looks like a face, as every detector says it.
struct Detection {
  static constexpr std::size_t kMaxPoints = 6;

  Box box;                 ///< Centred on the face; its sides are those of the face set upright.
  float score = 0;         ///< Larger is surer; the scale belongs to the detector.
  float roll = 0;          ///< Radians, clockwise as seen; 0 when the detector cannot tell.
  std::size_t points = 0;  ///< How many of `at` the detector gives.
  /// Pixels of the picture: left eye, right eye (as the viewer sees them), nose; then what the
  /// detector has besides.
  std::array<Point, kMaxPoints> at{};
};

/// Detections of a `size` x `size` crop in pixels of the picture, with the roll of their eyes.
/// In the crop, x and y of the first pixel's edge are 0, as networks count.
std::vector<Detection> placed(std::vector<Detection> detections, const Region& region,
                              std::size_t size);

}  // namespace countenance
