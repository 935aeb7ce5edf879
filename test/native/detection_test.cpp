#include "vision/detection.h"

#include <cmath>

#include "check.h"

using namespace countenance;

namespace {

Detection inCrop() {
  Detection one;
  one.box = {8, 4, 4, 8};
  one.points = 2;
  one.at[0] = {9, 6};
  one.at[1] = {11, 6};
  return one;
}

bool near(float a, float b) { return std::abs(a - b) < 1e-4F; }

}  // namespace

TEST("a crop of the whole picture leaves boxes where they are, and counts points from centres") {
  const Detection one = placed({inCrop()}, wholeRegion(16, 16), 16)[0];
  CHECK(near(one.box.x, 8) && near(one.box.y, 4));
  CHECK(near(one.box.width, 4) && near(one.box.height, 8));
  CHECK(near(one.at[0].x, 8.5F) && near(one.at[0].y, 5.5F));
  CHECK(near(one.roll, 0));
}

TEST("a crop of a wide picture is its square, with as much above as below") {
  const Detection one = placed({inCrop()}, wholeRegion(64, 32), 16)[0];
  CHECK(near(one.box.x, 32) && near(one.box.y, 0));
  CHECK(near(one.box.width, 16) && near(one.box.height, 32));
}

TEST("from a crop on its side, the box is turned about its centre and the eyes tell the roll") {
  Region region = wholeRegion(16, 16);
  region.roll = 1.57079632679F;
  const Detection one = placed({inCrop()}, region, 16)[0];
  CHECK(near(one.box.x + one.box.width / 2, 8) && near(one.box.y + one.box.height / 2, 10));
  CHECK(near(one.box.width, 4) && near(one.box.height, 8));
  CHECK(near(one.roll, region.roll));
}

TEST("without points, the roll is that of the crop") {
  Detection one = inCrop();
  one.points = 0;
  Region region = wholeRegion(16, 16);
  region.roll = -0.5F;
  CHECK(near(placed({one}, region, 16)[0].roll, -0.5F));
}

TEST_MAIN()
