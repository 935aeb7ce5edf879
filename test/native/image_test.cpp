#include "core/image.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "check.h"

using namespace countenance;

namespace {

/// A picture with another value in every byte, as far as bytes go.
Image patterned(std::size_t width, std::size_t height) {
  Image image(width, height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t i = 0; i < 3 * width; ++i) {
      image.row(y)[i] = static_cast<std::uint8_t>((31 * y + 7 * i + y * i) % 256);
    }
  }
  return image;
}

/// The overlap of source cell s and target cell t on one axis, in source cells.
double overlap(std::size_t s, std::size_t t, std::size_t source, std::size_t target) {
  const double ratio = static_cast<double>(source) / static_cast<double>(target);
  const double begin = std::max(static_cast<double>(s), static_cast<double>(t) * ratio);
  const double end = std::min(static_cast<double>(s + 1), static_cast<double>(t + 1) * ratio);
  return std::max(0.0, end - begin);
}

double areaAverage(const Image& image, const Image& small, std::size_t x, std::size_t y,
                   std::size_t channel) {
  double sum = 0;
  double area = 0;
  for (std::size_t r = 0; r < image.height(); ++r) {
    for (std::size_t c = 0; c < image.width(); ++c) {
      const double part = overlap(r, y, image.height(), small.height()) *
                          overlap(c, x, image.width(), small.width());
      sum += part * image.row(r)[3 * c + channel];
      area += part;
    }
  }
  return sum / area;
}

void checkAgainstDefinition(std::size_t width, std::size_t height, std::size_t toWidth,
                            std::size_t toHeight) {
  const Image image = patterned(width, height);
  const Image small = shrink(image.view(), toWidth, toHeight);
  CHECK(small.width() == toWidth && small.height() == toHeight);
  for (std::size_t y = 0; y < toHeight; ++y) {
    for (std::size_t x = 0; x < toWidth; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        const double expected = areaAverage(image, small, x, y, c);
        CHECK(std::abs(small.row(y)[3 * x + c] - expected) <= 0.5 + 1e-9);
      }
    }
  }
}

}  // namespace

TEST("shrinking gives the area average, for every ratio") {
  checkAgainstDefinition(8, 6, 4, 3);
  checkAgainstDefinition(7, 5, 3, 2);
  checkAgainstDefinition(13, 11, 12, 10);
  checkAgainstDefinition(29, 3, 1, 1);
  checkAgainstDefinition(1, 40, 1, 7);
  checkAgainstDefinition(64, 1, 5, 1);
}

TEST("shrinking to the same size changes nothing") {
  const Image image = patterned(9, 4);
  const Image same = shrink(image.view(), 9, 4);
  for (std::size_t y = 0; y < 4; ++y) {
    CHECK(std::equal(image.row(y), image.row(y) + 27, same.row(y)));
  }
}

TEST("a white picture stays white") {
  Image image(101, 67);
  for (std::size_t y = 0; y < 67; ++y) std::fill_n(image.row(y), 303, std::uint8_t{255});
  const Image small = shrink(image.view(), 17, 13);
  for (std::size_t y = 0; y < 13; ++y) {
    CHECK(std::all_of(small.row(y), small.row(y) + 51, [](std::uint8_t v) { return v == 255; }));
  }
}

TEST("shrinking never enlarges and never gives an empty picture") {
  const Image image = patterned(4, 4);
  CHECK_ERROR(ErrorCode::kInvalidArgument, shrink(image.view(), 5, 4));
  CHECK_ERROR(ErrorCode::kInvalidArgument, shrink(image.view(), 4, 5));
  CHECK_ERROR(ErrorCode::kInvalidArgument, shrink(image.view(), 0, 1));
  CHECK_ERROR(ErrorCode::kInvalidArgument, shrink(image.view(), 1, 0));
}

TEST("sizes that overflow are refused before memory is asked for") {
  CHECK_ERROR(ErrorCode::kInvalidArgument, Image(SIZE_MAX / 2, 3));
  CHECK_ERROR(ErrorCode::kInvalidArgument, checkedMul(SIZE_MAX, 2));
  CHECK(checkedMul(SIZE_MAX, 1) == SIZE_MAX);
}

TEST_MAIN()
