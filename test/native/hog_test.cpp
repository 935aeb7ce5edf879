#include "vision/hog.h"

#include <cmath>
#include <random>

#include "check.h"
#include "drawn_face.h"
#include "model_fixture.h"

using namespace countenance;
using test::plain;

namespace {

/// Is the box about `size` wide and centred on x, y?
bool around(const Box& box, double x, double y, double size) {
  return std::abs(box.x + box.width / 2 - x) < size / 5 &&
         std::abs(box.y + box.height / 2 - y) < size / 5 && box.width > size / 2 &&
         box.width < size * 1.5;
}

}  // namespace

TEST("a drawn face is found where it is") {
  Image image = plain(400, 360);
  test::drawFace(image, 210, 170, 140);
  const auto found = HogDetector().detect(image.view());
  CHECK(found.size() == 1);
  CHECK(around(found[0].box, 210, 170, 140));
  CHECK(found[0].score > 1);
}

TEST("boxes of a large picture are in its own pixels") {
  Image image = plain(1500, 1100);
  test::drawFace(image, 1000, 500, 420);
  const auto found = HogDetector().detect(image.view());
  CHECK(found.size() == 1);
  CHECK(around(found[0].box, 1000, 500, 420));
}

TEST("the same picture gives the same faces, in the same order, from any copy") {
  Image image = plain(620, 300);
  test::drawFace(image, 150, 150, 160);
  test::drawFace(image, 450, 150, 160);
  HogDetector first;
  HogDetector second(first);
  const auto a = first.detect(image.view());
  CHECK(a.size() == 2);
  for (HogDetector* detector : {&first, &second}) {
    const auto b = detector->detect(image.view());
    CHECK(b.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(a[i].box.x == b[i].box.x && a[i].score == b[i].score);
    }
  }
}

TEST("pictures without a face give none: flat, noise") {
  HogDetector detector;
  CHECK(detector.detect(plain(640, 480).view()).empty());
  Image noise(320, 240);
  std::mt19937 random(1);
  for (std::size_t y = 0; y < 240; ++y) {
    for (std::size_t i = 0; i < 960; ++i) noise.row(y)[i] = static_cast<std::uint8_t>(random());
  }
  CHECK(detector.detect(noise.view()).empty());
}

TEST("tiny and needle-shaped pictures are searched without harm") {
  HogDetector detector;
  const std::size_t sides[][2] = {{1, 1},  {1, 2},   {2, 1},   {3, 3},     {1, 640},   {640, 1},
                                  {9, 79}, {80, 80}, {5, 700}, {60000, 1}, {1, 60000}, {4000, 7}};
  for (const auto& side : sides) {
    CHECK(detector.detect(plain(side[0], side[1]).view()).empty());
  }
}

TEST_MAIN()
