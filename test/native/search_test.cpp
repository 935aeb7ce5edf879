#include "vision/search.h"

#include <algorithm>
#include <cmath>

#include "check.h"

using namespace countenance;

TEST("turned looks see the whole picture, at each eighth of a turn once") {
  const std::vector<Region> looks = turnedLooks(640, 480);
  CHECK(looks.size() == 7);
  for (const Region& look : looks) {
    CHECK(look.centre.x == 319.5F && look.centre.y == 239.5F && look.side == 640);
    const auto same = std::count_if(looks.begin(), looks.end(),
                                    [&](const Region& other) { return other.roll == look.roll; });
    CHECK(same == 1 && look.roll != 0);
  }
}

TEST("closer looks are at most nine, cover the picture, and overlap by half of their side") {
  const std::size_t shapes[][2] = {{1280, 720}, {720, 1280}, {900, 900}, {5000, 300}, {4000, 1}};
  for (const auto& shape : shapes) {
    const std::vector<Region> looks = closerLooks(shape[0], shape[1], 256);
    CHECK(!looks.empty() && looks.size() <= 9);
    const auto longer = static_cast<float>(std::max(shape[0], shape[1]));
    // A face of a quarter of a look's side lies whole in one of them, wherever it is.
    const float face = longer / 8;
    for (float y = 0; y + face <= static_cast<float>(shape[1]); y += 17) {
      for (float x = 0; x + face <= static_cast<float>(shape[0]); x += 17) {
        CHECK(std::any_of(looks.begin(), looks.end(), [&](const Region& look) {
          const float left = look.centre.x + 0.5F - look.side / 2 - 0.01F;
          const float top = look.centre.y + 0.5F - look.side / 2 - 0.01F;
          return x >= left && y >= top && x + face <= left + look.side + 0.02F &&
                 y + face <= top + look.side + 0.02F;
        }));
      }
    }
  }
}

TEST("a picture that the network sees in full has no closer look") {
  CHECK(closerLooks(256, 200, 256).empty());
  CHECK(closerLooks(640, 480, 640).empty());
  CHECK(closerLooks(1, 1, 256).empty());
}

TEST("a face is small from a sixteenth of the longer side on") {
  CHECK(!isSmall(81, 1280, 720));
  CHECK(!isSmall(80, 1280, 720));
  CHECK(isSmall(79, 1280, 720));
  CHECK(isSmall(79, 720, 1280));
}

TEST_MAIN()
