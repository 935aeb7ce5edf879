#include "vision/align_mesh.h"

#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "model_fixture.h"
#include "vision/align_template.h"

using namespace countenance;
using test::plain;

namespace {

std::vector<Point> moved(float scale, float radians, float x, float y) {
  std::vector<Point> points;
  const float cosine = scale * std::cos(radians);
  const float sine = scale * std::sin(radians);
  for (const Point& p : kMeshTemplate) {
    points.push_back({cosine * p.x - sine * p.y + x, sine * p.x + cosine * p.y + y});
  }
  return points;
}

/// Red falls and green rises from left to right, blue from top to bottom.
Image gradient(std::size_t side) {
  Image image(side, side);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      std::uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<std::uint8_t>(255 - 255 * x / side);
      pixel[1] = static_cast<std::uint8_t>(255 * x / side);
      pixel[2] = static_cast<std::uint8_t>(255 * y / side);
    }
  }
  return image;
}

}  // namespace

TEST("a face that lies on the template is cut out as it is") {
  const Image picture = gradient(400);
  const auto chip = alignMesh(picture.view(), moved(1, 0, 100, 120));
  CHECK(chip && chip->pixels.width() == kChipSize && chip->pixels.height() == kChipSize);
  CHECK(std::abs(chip->scale - 1) < 1e-4F);
  for (const std::size_t at : {10, 75, 140}) {
    for (std::size_t c = 0; c < 3; ++c) {
      const int expected = picture.row(120 + at)[3 * (100 + at) + c];
      CHECK(std::abs(chip->pixels.row(at)[3 * at + c] - expected) <= 1);
    }
  }
}

TEST("size and roll of the face do not change the chip's content") {
  const Image picture = gradient(1200);
  for (const float scale : {0.5F, 2.0F, 4.0F}) {
    for (const float radians : {0.0F, 0.5F, 1.6F, 3.1F}) {
      const auto chip = alignMesh(picture.view(), moved(scale, radians, 600, 600));
      CHECK(chip.has_value() && std::abs(chip->scale - scale) < 1e-3F);
      const double x = 600 + scale * (std::cos(radians) * 40 - std::sin(radians) * 90);
      const double y = 600 + scale * (std::sin(radians) * 40 + std::cos(radians) * 90);
      const std::uint8_t* source =
          picture.row(static_cast<std::size_t>(y)) + 3 * static_cast<std::size_t>(x);
      for (std::size_t c = 0; c < 3; ++c) {
        CHECK(std::abs(chip->pixels.row(90)[3 * 40 + c] - source[c]) <= 3);
      }
    }
  }
}

TEST("a mirrored face is not mirrored back: its chip is mirrored too") {
  const Image picture = gradient(600);
  std::vector<Point> points = moved(1, 0, 0, 200);
  for (Point& point : points) point.x = 400 - point.x;
  const auto chip = alignMesh(picture.view(), points);
  CHECK(chip.has_value());
  // Green rises from left to right in the picture, and so it does in the chip.
  CHECK(chip->pixels.row(75)[3 * 120 + 1] > chip->pixels.row(75)[3 * 30 + 1]);
}

TEST("what lies outside of the picture is black") {
  const Image picture = plain(50, 50, 200);
  const auto chip = alignMesh(picture.view(), moved(1, 0, 5000, 5000));
  CHECK(chip.has_value());
  for (std::size_t y = 0; y < kChipSize; ++y) {
    for (std::size_t i = 0; i < 3 * kChipSize; ++i) CHECK(chip->pixels.row(y)[i] == 0);
  }
}

TEST("points that fall together, or are no numbers, give no chip") {
  const Image picture = plain(300, 300);
  CHECK(!alignMesh(picture.view(), std::vector<Point>(468, {150, 150})));
  CHECK(!alignMesh(picture.view(), moved(0.01F, 0, 100, 100)));
  CHECK(!alignMesh(picture.view(), moved(1e5F, 0, 0, 0)));
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38F}) {
    std::vector<Point> points = moved(1, 0, 100, 100);
    points[7].x = value;
    CHECK(!alignMesh(picture.view(), points));
  }
}

TEST("another number of points is refused") {
  const Image picture = plain(300, 300);
  CHECK_ERROR(ErrorCode::kInvalidArgument,
              alignMesh(picture.view(), std::vector<Point>(467, {1, 1})));
}

TEST_MAIN()
