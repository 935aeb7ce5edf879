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

/// x' = a x + b y + c, y' = d x + e y + f
struct Affine {
  float a = 1;
  float b = 0;
  float c = 0;
  float d = 0;
  float e = 1;
  float f = 0;

  Point operator()(const Point& p) const { return {a * p.x + b * p.y + c, d * p.x + e * p.y + f}; }
};

/// dlib's five points, in its order (left and right as the viewer sees them): right eye's outer
/// and inner corner, left eye's outer and inner corner, base of the nose.
using Landmarks5 = std::array<Point, 5>;

}  // namespace countenance
