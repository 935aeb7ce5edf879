#include "vision/landmarks.h"

#include "check.h"
#include "drawn_face.h"
#include "model_fixture.h"
#include "vision/hog.h"

using namespace countenance;
using test::plain;

namespace {

/// A model of one cascade and one tree, with one thing wrong.
struct TinyModel {
  std::vector<std::int32_t> sizes = {1, 1, 1, 2};
  std::vector<std::uint16_t> splitPixels = {0, 1};
  std::vector<std::uint16_t> anchors = {0, 4};

  std::vector<std::uint8_t> bytes() const {
    const auto splits = static_cast<std::size_t>(sizes[2]);
    ModelFileWriter writer;
    writer.tensor("sizes", {4}, sizes);
    writer.tensor("initial-shape", {10}, std::vector<float>(10, 0.5F));
    writer.tensor("split.pixels", {1, 1, splits, 2}, splitPixels);
    writer.tensor("split.thresholds", {1, 1, splits}, std::vector<float>(splits));
    writer.tensor("leaf.values", {1, 1, splits + 1, 10}, std::vector<float>((splits + 1) * 10));
    writer.tensor("pixel.anchors", {1, 2}, anchors);
    writer.tensor("pixel.deltas", {1, 2, 2}, std::vector<float>(4));
    return writer.bytes();
  }
};

LandmarkFinder load(const TinyModel& model) {
  const std::vector<std::uint8_t> bytes = model.bytes();
  return LandmarkFinder(ModelFile(bytes));
}

}  // namespace

TEST("the eyes and the nose of a drawn face are found, right eye of the picture first") {
  Image image = plain(400, 360);
  test::drawFace(image, 200, 180, 180);
  const auto found = HogDetector().detect(image.view());
  CHECK(found.size() == 1);
  const Landmarks5 points = test::landmarkFinder().find(image.view(), found[0].box);
  CHECK(points[0].x > points[1].x && points[1].x > 200);
  CHECK(points[2].x < points[3].x && points[3].x < 200);
  CHECK(points[4].x > points[3].x && points[4].x < points[1].x);
  for (std::size_t i = 0; i < 4; ++i) CHECK(points[i].y < points[4].y);
}

TEST("a box outside of the picture, or an empty one, gives points and no harm") {
  const LandmarkFinder finder = test::landmarkFinder();
  const Image image = plain(20, 10);
  for (const Box& box : {Box{-500, -500, 100, 100}, Box{900, 900, 80, 80}, Box{3, 3, 0, 0},
                         Box{-1000, -1000, 5000, 5000}}) {
    const Landmarks5 points = finder.find(image.view(), box);
    for (const Point& point : points) CHECK(point.x > -1e5F && point.x < 1e5F);
  }
}

TEST("a model whose numbers point outside of it is refused") {
  load(TinyModel{});
  TinyModel split;
  split.splitPixels = {0, 2};
  CHECK_ERROR(ErrorCode::kModelCorrupt, load(split));
  TinyModel anchor;
  anchor.anchors = {0, 5};
  CHECK_ERROR(ErrorCode::kModelCorrupt, load(anchor));
  TinyModel negative;
  negative.sizes = {1, 1, 1, -2};
  CHECK_ERROR(ErrorCode::kModelCorrupt, load(negative));
  TinyModel notFull;
  notFull.sizes = {1, 1, 2, 2};
  notFull.splitPixels = {0, 1, 0, 1};
  CHECK_ERROR(ErrorCode::kModelCorrupt, load(notFull));
}

TEST("the embedder's file is no landmark model") {
  const auto bytes = test::modelBytes("dlib-resnet-v1.bin");
  CHECK_ERROR(ErrorCode::kModelCorrupt, LandmarkFinder(ModelFile(bytes)));
}

TEST_MAIN()
