#include "vision/pipeline.h"

#include <cmath>
#include <thread>

#include "check.h"
#include "drawn_face.h"
#include "model_fixture.h"

using namespace countenance;
using test::plain;

namespace {

Pipeline makePipeline() {
  return Pipeline(std::make_shared<const LandmarkFinder>(test::landmarkFinder()), test::embedder());
}

/// Three faces, the largest in the middle.
Image group() {
  Image image = plain(640, 320);
  test::drawFace(image, 110, 160, 120);
  test::drawFace(image, 320, 160, 200);
  test::drawFace(image, 530, 160, 120);
  return image;
}

}  // namespace

TEST("faces come largest first, equal ones by position") {
  const std::vector<Face> faces = makePipeline().analyze(group().view(), {false, 10}, {});
  CHECK(faces.size() == 3);
  CHECK(faces[0].box.x > 200 && faces[0].box.x < 320);
  for (std::size_t i = 1; i < 3; ++i) CHECK(faces[i - 1].box.area() >= faces[i].box.area());
}

TEST("at most maxFaces come back, the largest ones") {
  Pipeline pipeline = makePipeline();
  const Image image = group();
  const std::vector<Face> one = pipeline.analyze(image.view(), {false, 1}, {});
  CHECK(one.size() == 1);
  CHECK(one[0].box.x == pipeline.analyze(image.view(), {false, 3}, {})[0].box.x);
}

TEST("embeddings come only when they are asked for") {
  Pipeline pipeline = makePipeline();
  const Image image = group();
  for (const Face& face : pipeline.analyze(image.view(), {false, 3}, {})) {
    CHECK(face.embedding.empty());
  }
  for (const Face& face : pipeline.analyze(image.view(), {true, 3}, {})) {
    CHECK(face.embedding.size() == Embedder::kDimension);
    for (const float value : face.embedding) CHECK(std::isfinite(value));
  }
}

TEST("a picture without a face gives an empty list, an empty picture is refused") {
  Pipeline pipeline = makePipeline();
  CHECK(pipeline.analyze(plain(1, 1).view(), {true, 5}, {}).empty());
  CHECK(pipeline.analyze(plain(1, 3000).view(), {true, 5}, {}).empty());
  CHECK_ERROR(ErrorCode::kInvalidArgument, pipeline.analyze({nullptr, 0, 5}, {true, 5}, {}));
  CHECK_ERROR(ErrorCode::kInvalidArgument, pipeline.analyze({nullptr, 5, 0}, {true, 5}, {}));
}

TEST("cancelled work stops at its next stage") {
  Pipeline pipeline = makePipeline();
  const CancelToken before;
  before.cancel();
  CHECK_ERROR(ErrorCode::kAborted, pipeline.analyze(group().view(), {true, 5}, before));
}

TEST("two copies analyze at the same time and agree") {
  const Pipeline original = makePipeline();
  const Image image = group();
  std::vector<std::vector<Face>> results(2);
  std::vector<std::thread> threads;
  for (std::vector<Face>& result : results) {
    threads.emplace_back([&original, &image, &result] {
      Pipeline own(original);
      result = own.analyze(image.view(), {true, 1}, {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(results[0].size() == 1 && results[1].size() == 1);
  CHECK(results[0][0].embedding == results[1][0].embedding);
}

TEST_MAIN()
