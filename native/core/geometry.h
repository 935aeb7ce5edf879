#pragma once

#include <array>

namespace countenance {

/// A point in pixels of the upright picture; x to the right, y down, centre of the first pixel 0,0.
struct Point {
  float x = 0;
  float y = 0;
};

/// An axis-aligned box in pixels of the upright picture. It may reach past the picture's edge.
struct Box {
  float x = 0;
  float y = 0;
  float width = 0;
  float height = 0;

  float area() const { return width * height; }
};

/// dlib's five points, in its order (left and right as the viewer sees them): right eye's outer
/// and inner corner, left eye's outer and inner corner, base of the nose.
using Landmarks5 = std::array<Point, 5>;

}  // namespace countenance
