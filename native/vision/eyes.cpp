#include "vision/eyes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "core/error.h"

namespace countenance {
namespace {

/// Which points of a contour lie on an eye's corners and, one above the other, on its lids.
struct Lids {
  std::size_t corners[2];
  std::size_t gaps[3][2];
};

// The middle of the lids and what lies on both sides of it, as the points run along each lid:
// drawn over photos and read off.
constexpr Lids kIris{{0, 8}, {{4, 12}, {3, 11}, {5, 13}}};
constexpr Lids kMeshLeft{{33, 133}, {{159, 145}, {160, 144}, {158, 153}}};
constexpr Lids kMeshRight{{362, 263}, {{386, 374}, {387, 373}, {385, 380}}};

// Pixels of the picture: eyes are wider, and what has no width has no aspect ratio.
constexpr float kLeastWidth = 0.5F;

float distance(const Point& a, const Point& b) { return std::hypot(a.x - b.x, a.y - b.y); }

float aspectRatio(Span<const Point> points, const Lids& lids) {
  float gap = 0;
  for (const auto& [upper, lower] : lids.gaps) gap += distance(points[upper], points[lower]) / 3;
  return gap / std::max(distance(points[lids.corners[0]], points[lids.corners[1]]), kLeastWidth);
}

void expectPoints(Span<const Point> points, std::size_t count) {
  if (points.size() == count) return;
  throw Error(ErrorCode::kInvalidArgument, "points: expected " + std::to_string(count) + ", got " +
                                               std::to_string(points.size()));
}

}  // namespace

float irisOpenness(Span<const Point> contour) {
  expectPoints(contour, 71);
  return aspectRatio(contour, kIris);
}

Openness meshOpenness(Span<const Point> points) {
  expectPoints(points, 468);
  return {aspectRatio(points, kMeshLeft), aspectRatio(points, kMeshRight)};
}

}  // namespace countenance
