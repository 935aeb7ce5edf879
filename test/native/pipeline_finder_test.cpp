#include "vision/pipeline_finder.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "check.h"
#include "drawn_face.h"
#include "model_fixture.h"
#include "vision/region.h"
#include "vision/warp.h"

using namespace countenance;
using test::plain;

namespace {

PipelineModels blazeFaceModels() {
  PipelineModels models;
  models.detector = DetectorKind::kBlazeFace;
  models.detectorNetwork = test::network("blazeface.bin");
  models.mesh = test::network("facemesh.bin");
  return models;
}

Image turned(const Image& image, float roll) {
  Region region = wholeRegion(image.width(), image.height());
  region.roll = -roll;
  const std::size_t side = std::max(image.width(), image.height());
  return warp(image.view(), region.toPicture(side), side, side);
}

/// The n-th picture without a face: noise, stripes, boards, blobs, boxes, at all sizes.
Image faceless(std::uint32_t n) {
  std::mt19937 random(n);
  const auto below = [&random](std::uint32_t end) { return random() % end; };
  Image image = plain(40 + below(500), 40 + below(400), static_cast<std::uint8_t>(below(256)));
  const std::size_t period = 2 + below(60);
  const int shapes = static_cast<int>(1 + below(40));
  for (int s = 0; s < (n % 5 < 3 ? 1 : shapes); ++s) {
    const double cx = below(static_cast<std::uint32_t>(image.width()));
    const double cy = below(static_cast<std::uint32_t>(image.height()));
    const double rx = 3 + below(90);
    const double ry = 3 + below(90);
    const std::uint8_t colour[3] = {static_cast<std::uint8_t>(below(256)),
                                    static_cast<std::uint8_t>(below(256)),
                                    static_cast<std::uint8_t>(below(256))};
    for (std::size_t y = 0; y < image.height(); ++y) {
      for (std::size_t x = 0; x < image.width(); ++x) {
        std::uint8_t* pixel = image.row(y) + 3 * x;
        const double dx = (static_cast<double>(x) - cx) / rx;
        const double dy = (static_cast<double>(y) - cy) / ry;
        const bool painted = n % 5 == 0   ? true
                             : n % 5 == 1 ? (x + y * (n % 3)) / period % 2 == 0
                             : n % 5 == 2 ? (x / period + y / period) % 2 == 0
                             : n % 5 == 3 ? dx * dx + dy * dy < 1
                                          : std::max(std::abs(dx), std::abs(dy)) < 1;
        if (!painted) continue;
        for (std::size_t c = 0; c < 3; ++c) {
          pixel[c] = n % 5 == 0 ? static_cast<std::uint8_t>(below(256)) : colour[c];
        }
      }
    }
  }
  return image;
}

}  // namespace

TEST("a drawn face is found where it is, with its mesh") {
  FaceFinder finder(blazeFaceModels());
  Image image = plain(400, 360);
  test::drawFace(image, 210, 170, 140);
  const auto found = finder.find(image.view(), 10, {});
  CHECK(found.size() == 1);
  const Box& box = found[0].detection.box;
  CHECK(std::abs(box.x + box.width / 2 - 210) < 25 && std::abs(box.y + box.height / 2 - 170) < 40);
  CHECK(found[0].mesh.has_value());
  const Landmarks5 points = found[0].mesh->landmarks();
  CHECK(points[0].x > points[1].x && points[1].x > 210 && points[2].x < points[3].x);
}

TEST("a face is found whichever way the picture is turned, and stands upright in its mesh") {
  FaceFinder finder(blazeFaceModels());
  Image image = plain(400, 400);
  test::drawFace(image, 200, 200, 150);
  for (int degrees = 0; degrees < 360; degrees += 30) {
    const auto roll = static_cast<float>(degrees * 3.14159265 / 180);
    const auto found = finder.find(turned(image, roll).view(), 10, {});
    CHECK(found.size() == 1);
    const Landmarks5 points = found[0].mesh->landmarks();
    const float seen = std::atan2(points[0].y - points[2].y, points[0].x - points[2].x);
    CHECK(std::abs(std::remainder(seen - roll, 6.2831853F)) < 0.3F);
  }
}

TEST("faces that are small in a large picture are found") {
  FaceFinder finder(blazeFaceModels());
  Image image = plain(2400, 1600);
  test::drawFace(image, 1900, 1100, 80);
  test::drawFace(image, 500, 300, 80);
  CHECK(finder.find(image.view(), 10, {}).size() == 2);
}

TEST("nothing is found in 200 pictures without a face") {
  // Each takes up to 17 looks: a second and more with sanitizers, which see all there is in ten.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::uint32_t kPictures = 10;
#else
  constexpr std::uint32_t kPictures = 200;
#endif
  FaceFinder finder(blazeFaceModels());
  for (std::uint32_t n = 0; n < kPictures; ++n) {
    CHECK(finder.find(faceless(n).view(), 10, {}).empty());
  }
}

TEST("a glance sees upright faces of a fair size, where a search goes on") {
  FaceFinder finder(blazeFaceModels());
  Image image = plain(400, 400);
  test::drawFace(image, 200, 200, 150);
  CHECK(finder.glance(image.view(), 10, {}).size() == 1);
  const Image overhead = turned(image, 3.14159265F);
  CHECK(finder.glance(overhead.view(), 10, {}).empty());
  CHECK(finder.find(overhead.view(), 10, {}).size() == 1);
}

TEST("cancelled work stops at the next run of the detector") {
  FaceFinder finder(blazeFaceModels());
  const CancelToken cancelled;
  cancelled.cancel();
  CHECK_ERROR(ErrorCode::kAborted, finder.find(plain(100, 100).view(), 10, cancelled));
}

TEST_MAIN()
