#include "vision/align.h"

#include <cmath>
#include <limits>

#include "check.h"
#include "model_fixture.h"

using namespace countenance;
using test::plain;

namespace {

// dlib's template, get_face_chip_details() with padding 0.25, in pixels of the 150 px chip.
Landmarks5 templatePoints() {
  const double points[5][2] = {{0.8595674595992, 0.2134981538014},
                               {0.6460604764104, 0.2289674387677},
                               {0.1205750620789, 0.2137274526848},
                               {0.3340850613712, 0.2290642403242},
                               {0.4901123135679, 0.6277975316475}};
  Landmarks5 chip;
  for (std::size_t i = 0; i < 5; ++i) {
    chip[i] = {static_cast<float>((points[i][0] + 0.25) / 1.5 * 150),
               static_cast<float>((points[i][1] + 0.25) / 1.5 * 150)};
  }
  return chip;
}

Landmarks5 moved(const Landmarks5& points, double scale, double radians, double x, double y) {
  Landmarks5 result;
  for (std::size_t i = 0; i < 5; ++i) {
    const double cosine = scale * std::cos(radians);
    const double sine = scale * std::sin(radians);
    result[i] = {static_cast<float>(cosine * points[i].x - sine * points[i].y + x),
                 static_cast<float>(sine * points[i].x + cosine * points[i].y + y)};
  }
  return result;
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

TEST("a face at the template's scale is cut out as it is, colours in order") {
  const Image picture = gradient(400);
  const auto chip = align(picture.view(), moved(templatePoints(), 1, 0, 100, 120));
  CHECK(chip && chip->pixels.width() == kChipSize && chip->pixels.height() == kChipSize);
  for (const std::size_t at : {10, 75, 140}) {
    for (std::size_t c = 0; c < 3; ++c) {
      const int expected = picture.row(120 + at)[3 * (100 + at) + c];
      CHECK(std::abs(chip->pixels.row(at)[3 * at + c] - expected) <= 3);
    }
  }
}

TEST("size and roll of the face do not change the chip's content") {
  const Image picture = gradient(1200);
  for (const double scale : {0.5, 2.0, 4.0}) {
    for (const double radians : {0.0, 0.5, 3.1}) {
      const auto points = moved(templatePoints(), scale, radians, 600, 600);
      const auto chip = align(picture.view(), points);
      CHECK(chip.has_value());
      const auto source = moved({{{40, 90}}}, scale, radians, 600, 600)[0];
      const auto x = static_cast<std::size_t>(std::lround(source.x));
      const auto y = static_cast<std::size_t>(std::lround(source.y));
      for (std::size_t c = 0; c < 3; ++c) {
        CHECK(std::abs(chip->pixels.row(90)[3 * 40 + c] - picture.row(y)[3 * x + c]) <= 6);
      }
    }
  }
}

TEST("what lies outside of the picture is black") {
  const Image picture = plain(50, 50, 200);
  const auto chip = align(picture.view(), moved(templatePoints(), 1, 0, 5000, 5000));
  CHECK(chip.has_value());
  for (std::size_t y = 0; y < kChipSize; ++y) {
    for (std::size_t i = 0; i < 3 * kChipSize; ++i) CHECK(chip->pixels.row(y)[i] == 0);
  }
}

TEST("points on one line still give a chip") {
  const Image picture = plain(300, 300);
  CHECK(align(picture.view(), {{{200, 100}, {180, 100}, {100, 100}, {120, 100}, {150, 100}}}));
  CHECK(align(picture.view(), {{{200, 200}, {180, 180}, {100, 100}, {120, 120}, {150, 150}}}));
}

TEST("points that fall together, or are no numbers, give no chip") {
  const Image picture = plain(300, 300);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const Point same{150, 150};
  CHECK(!align(picture.view(), {{same, same, same, same, same}}));
  CHECK(!align(picture.view(), {{{151, 150}, same, same, same, same}}));
  CHECK(!align(picture.view(), {{{nan, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}}}));
  CHECK(!align(picture.view(), {{{1, 1}, {2, infinity}, {4, 5}, {6, 7}, {8, 9}}}));
  CHECK(!align(picture.view(), {{{3e9F, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}}}));
}

TEST("a picture of one pixel can be cut from") {
  const Image picture = plain(1, 1, 77);
  const auto chip = align(picture.view(), moved(templatePoints(), 1, 0, -75, -75));
  CHECK(chip.has_value());
}

TEST_MAIN()
