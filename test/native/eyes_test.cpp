#include "vision/eyes.h"

#include <cmath>
#include <vector>

#include "check.h"

using namespace countenance;

namespace {

bool near(float a, float b) { return std::abs(a - b) < 1e-5F; }

Span<const Point> spanOf(const std::vector<Point>& points) { return points; }

/// An iris contour 40 pixels wide, the lids `gap` apart in the middle and less beside it.
std::vector<Point> contour(float gap, float width = 40) {
  std::vector<Point> points(71);
  points[0] = {100, 50};
  points[8] = {100 + width, 50};
  const std::size_t lids[3][2] = {{4, 12}, {3, 11}, {5, 13}};
  const float gaps[3] = {gap, gap - 3, gap - 3};
  for (std::size_t i = 0; i < 3; ++i) {
    points[lids[i][0]] = {100 + width / 2, 50 + gaps[i] / 2};
    points[lids[i][1]] = {100 + width / 2, 50 - gaps[i] / 2};
  }
  return points;
}

}  // namespace

TEST("openness is the mean gap of the lids over the width of the eye") {
  CHECK(near(irisOpenness(spanOf(contour(12))), 10.0F / 40));
  CHECK(near(irisOpenness(spanOf(contour(5))), 3.0F / 40));
}

TEST("openness does not depend on where an eye is, how large, or how it is turned") {
  std::vector<Point> points = contour(12);
  for (Point& point : points) {
    point = {3 * (0.6F * point.x - 0.8F * point.y) + 700, 3 * (0.8F * point.x + 0.6F * point.y)};
  }
  CHECK(near(irisOpenness(spanOf(points)), 0.25F));
}

TEST("an eye without any width has a finite openness") {
  CHECK(std::isfinite(irisOpenness(spanOf(contour(12, 0)))));
  CHECK(irisOpenness(spanOf(std::vector<Point>(71))) == 0);
  const Openness both = meshOpenness(spanOf(std::vector<Point>(468)));
  CHECK(both.left == 0 && both.right == 0);
}

TEST("the left eye is the one on the left of the picture") {
  std::vector<Point> points(468);
  points[33] = {100, 50};
  points[133] = {140, 50};
  points[362] = {180, 50};
  points[263] = {220, 50};
  for (const std::size_t upper : {159, 160, 158}) points[upper] = {120, 42};
  for (const std::size_t lower : {145, 144, 153}) points[lower] = {120, 58};
  for (const std::size_t upper : {386, 387, 385}) points[upper] = {200, 49};
  for (const std::size_t lower : {374, 373, 380}) points[lower] = {200, 51};
  const Openness both = meshOpenness(spanOf(points));
  CHECK(near(both.left, 0.4F) && near(both.right, 0.05F));
}

TEST("another number of points is refused") {
  CHECK_ERROR(ErrorCode::kInvalidArgument, irisOpenness(spanOf(std::vector<Point>(70))));
  CHECK_ERROR(ErrorCode::kInvalidArgument, meshOpenness(spanOf(std::vector<Point>(71))));
}

TEST_MAIN()
