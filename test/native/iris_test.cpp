#include "vision/iris.h"

#include <cmath>

#include "check.h"
#include "model_fixture.h"
#include "tiny_network.h"

using namespace countenance;

namespace {

/// A network that finds point i at (i, 20) of the crop, in the network's way of counting.
std::shared_ptr<const nn::Network> fixedIris(std::size_t points = Iris::kPoints) {
  std::vector<float> contour;
  for (std::size_t i = 0; i < points; ++i) {
    contour.insert(contour.end(), {static_cast<float>(i) + 0.5F, 20.5F, 0});
  }
  return test::tinyNetwork(64, {{64, {"contour", contour}}});
}

bool near(const Point& a, float x, float y) {
  return std::abs(a.x - x) < 1e-2F && std::abs(a.y - y) < 1e-2F;
}

}  // namespace

TEST("a contour comes in pixels of the picture, around the corners and along their line") {
  Iris iris(fixedIris());
  const Image image = test::plain(600, 500);
  const float step = 2.3F * 64 / 64;  // pixels of the picture per pixel of the crop
  const Iris::Contour level = iris.leftEye(image.view(), {{268, 200}, {332, 200}});
  CHECK(near(level[0], 300 - 31.5F * step, 200 - 11.5F * step));
  CHECK(near(level[70], 300 + 38.5F * step, 200 - 11.5F * step));
  const Iris::Contour upright = iris.leftEye(image.view(), {{300, 168}, {300, 232}});
  CHECK(near(upright[0], 300 + 11.5F * step, 200 - 31.5F * step));
}

TEST("a right eye is seen in a mirror") {
  Iris iris(fixedIris());
  const Image image = test::plain(600, 500);
  const EyeCorners corners{{268, 190}, {332, 210}};
  const Iris::Contour left = iris.leftEye(image.view(), corners);
  const Iris::Contour right = iris.rightEye(image.view(), corners);
  // Point 31.5 is in the middle of both; a point as far before it is one as far behind it.
  CHECK(near(right[10], left[53].x, left[53].y) && near(right[53], left[10].x, left[10].y));
}

TEST("both eyes of a mirrored picture are those of the picture, in a mirror") {
  Iris iris(test::network("iris.bin"));
  Image image = test::plain(200, 100, 180);
  Image mirror = test::plain(200, 100, 180);
  for (std::size_t y = 0; y < 100; ++y) {
    for (std::size_t x = 0; x < 200; ++x) {
      const double dx = (static_cast<double>(x) - 90) / 34;
      const double dy = (static_cast<double>(y) - 52) / 12;
      if (dx * dx + dy * dy > 1) continue;
      for (std::size_t c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] = mirror.row(y)[3 * (199 - x) + c] = 60;
      }
    }
  }
  const Iris::Contour left = iris.leftEye(image.view(), {{60, 50}, {124, 54}});
  const Iris::Contour right = iris.rightEye(mirror.view(), {{75, 54}, {139, 50}});
  // Nearly: the squares that a warp averages lie otherwise in a mirror.
  for (std::size_t i = 0; i < Iris::kPoints; ++i) {
    CHECK(std::abs(199 - left[i].x - right[i].x) < 0.5F && std::abs(left[i].y - right[i].y) < 0.5F);
  }
}

TEST("corners that fall together, or lie outside the picture, give finite points") {
  Iris iris(test::network("iris.bin"));
  const Image image = test::plain(64, 64);
  for (const EyeCorners& corners : {EyeCorners{{30, 30}, {30, 30}}, {{-900, 4}, {-800, 4}}}) {
    for (const Point& point : iris.leftEye(image.view(), corners)) {
      CHECK(std::isfinite(point.x) && std::isfinite(point.y));
    }
  }
}

TEST("another network is refused") {
  CHECK_ERROR(ErrorCode::kModelCorrupt, Iris(fixedIris(70)));
  CHECK_ERROR(ErrorCode::kModelCorrupt, Iris(test::network("facemesh.bin")));
}

TEST_MAIN()
