#include "vision/overlap.h"

#include <cmath>

#include "check.h"

using namespace countenance;

namespace {

Detection at(float x, float y, float side, float score) {
  Detection one;
  one.box = {x, y, side, side};
  one.score = score;
  one.points = 2;
  one.at[0] = {x, y};
  one.at[1] = {x + side, y};
  return one;
}

}  // namespace

TEST("overlap is the shared area over the covered one") {
  CHECK(overlap({0, 0, 10, 10}, {0, 0, 10, 10}) == 1);
  CHECK(std::abs(overlap({0, 0, 10, 10}, {5, 0, 10, 10}) - 1.0F / 3) < 1e-6F);
  CHECK(overlap({0, 0, 10, 10}, {10, 0, 10, 10}) == 0);
  CHECK(overlap({0, 0, 10, 10}, {50, 50, 10, 10}) == 0);
  CHECK(overlap({0, 0, 0, 0}, {0, 0, 0, 0}) == 0);
}

TEST("detections of one face become their mean, weighted by score, with the surest one's score") {
  const auto found = blended({at(0, 0, 10, 0.5F), at(2, 0, 10, 1), at(90, 0, 10, 0.75F)}, 0.3F);
  CHECK(found.size() == 2);
  CHECK(found[0].score == 1 && std::abs(found[0].box.x - 4.0F / 3) < 1e-5F);
  CHECK(std::abs(found[0].at[1].x - (4.0F / 3 + 10)) < 1e-5F);
  CHECK(found[1].box.x == 90);
}

TEST("of detections of one face the surest is kept") {
  const auto found = surest({at(0, 0, 10, 0.5F), at(2, 0, 10, 1), at(90, 0, 10, 0.75F)}, 0.3F);
  CHECK(found.size() == 2);
  CHECK(found[0].box.x == 2 && found[1].box.x == 90);
}

TEST("the order in which they came does not matter") {
  const std::vector<Detection> one = {at(0, 0, 10, 0.7F), at(3, 0, 10, 0.7F), at(6, 0, 10, 0.7F)};
  const std::vector<Detection> other = {one[2], one[0], one[1]};
  const auto a = surest(one, 0.3F);
  const auto b = surest(other, 0.3F);
  CHECK(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].box.x == b[i].box.x);
}

TEST("nothing joins to nothing") { CHECK(blended({}, 0.3F).empty() && surest({}, 0.3F).empty()); }

TEST_MAIN()
