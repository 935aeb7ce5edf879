#include "vision/crop_part.h"

#include <cmath>

#include "check.h"

using namespace countenance;

namespace {

CropPart partOf(std::size_t width, std::size_t height) {
  return filledPart(wholeRegion(width, height), 256, 32, width, height);
}

bool is(const CropPart& part, std::size_t left, std::size_t top, std::size_t width,
        std::size_t height) {
  return part.left == left && part.top == top && part.width == width && part.height == height;
}

}  // namespace

TEST("the bars of a letterbox are left out, but for what a multiple of the step needs") {
  CHECK(is(partOf(1280, 720), 0, 48, 256, 160));  // 144 rows show the picture
  CHECK(is(partOf(720, 1280), 48, 0, 160, 256));
  CHECK(is(partOf(640, 480), 0, 32, 256, 192));
  CHECK(is(partOf(250, 250), 0, 0, 256, 256));
}

TEST("a part is half as large as the crop at least") {
  CHECK(is(partOf(4000, 100), 0, 64, 256, 128));
  CHECK(is(partOf(1, 4000), 64, 0, 128, 256));
  CHECK(is(partOf(1, 1), 0, 0, 256, 256));
}

TEST("a turned crop is needed whole") {
  Region region = wholeRegion(1280, 720);
  region.roll = 0.1F;
  CHECK(is(filledPart(region, 256, 32, 1280, 720), 0, 0, 256, 256));
}

TEST("a crop beside the picture still has a part") {
  for (const float x : {-1e6F, 1e6F}) {
    const CropPart part = filledPart({{x, x}, 100, 0}, 256, 32, 640, 480);
    CHECK(part.width == 128 && part.height == 128);
    CHECK(part.left + part.width <= 256 && part.top + part.height <= 256);
  }
}

TEST("all of the picture that a crop shows is in its part") {
  for (const float centre : {-20.0F, 0.0F, 77.7F, 300.0F, 610.0F, 700.0F}) {
    for (const float side : {50.0F, 256.0F, 333.3F, 1500.0F}) {
      const Region region{{centre, centre / 2}, side, 0};
      const CropPart part = filledPart(region, 256, 32, 640, 480);
      const Affine toPicture = region.toPicture(256);
      for (std::size_t v = 0; v < 256; ++v) {
        for (std::size_t u = 0; u < 256; ++u) {
          const Point at = toPicture({static_cast<float>(u), static_cast<float>(v)});
          const bool shown = at.x >= 0 && at.x <= 639 && at.y >= 0 && at.y <= 479;
          const bool in = u >= part.left && u < part.left + part.width && v >= part.top &&
                          v < part.top + part.height;
          CHECK(in || !shown);
        }
      }
    }
  }
}

TEST("the part's first pixel is where the crop has it in the picture") {
  const Region region{{100, 50}, 300, 0.5F};
  const Point expected = region.toPicture(256)({32, 64});
  const Point got = partToPicture(region, 256, {32, 64, 128, 128})({0, 0});
  CHECK(std::abs(expected.x - got.x) < 1e-4F && std::abs(expected.y - got.y) < 1e-4F);
}

TEST_MAIN()
