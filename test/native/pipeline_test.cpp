#include "vision/pipeline.h"

#include <cmath>
#include <thread>

#include "check.h"
#include "drawn_face.h"
#include "model_fixture.h"

using namespace countenance;
using test::plain;

namespace {

std::shared_ptr<PipelineModels> hogModels() {
  auto models = std::make_shared<PipelineModels>();
  models->detector = DetectorKind::kHog;
  models->alignment = Alignment::kDlib;
  models->landmarks = std::make_shared<const LandmarkFinder>(test::landmarkFinder());
  models->embedder = test::resnet();
  return models;
}

std::shared_ptr<PipelineModels> meshModels() {
  auto models = hogModels();
  models->detector = DetectorKind::kBlazeFace;
  models->alignment = Alignment::kMesh;
  models->detectorNetwork = test::network("blazeface.bin");
  models->mesh = test::network("facemesh.bin");
  models->landmarks.reset();
  return models;
}

Pipeline makePipeline() { return Pipeline(hogModels()); }

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

/// The picture's red channel alone.
Image grey(const Image& image) {
  Image one(image.width(), image.height(), 1);
  for (std::size_t y = 0; y < image.height(); ++y) {
    for (std::size_t x = 0; x < image.width(); ++x) one.row(y)[x] = image.row(y)[3 * x];
  }
  return one;
}

TEST("a greyscale picture gives what its RGB copy gives") {
  Pipeline pipeline = makePipeline();
  Image colour = plain(900, 500);
  test::drawFace(colour, 450, 250, 330);
  const std::vector<Face> expected = pipeline.analyze(colour.view(), {true, 1}, {});
  const std::vector<Face> faces = pipeline.analyze(grey(colour).view(), {true, 1}, {});
  CHECK(expected.size() == 1 && faces.size() == 1);
  CHECK(faces[0].box.x == expected[0].box.x && faces[0].box.width == expected[0].box.width);
  CHECK(faces[0].embedding == expected[0].embedding);
}

TEST("a chip's scale is that of the face") {
  Pipeline pipeline = makePipeline();
  for (const double size : {100.0, 200.0, 400.0}) {
    Image image = plain(800, 800);
    test::drawFace(image, 400, 400, size);
    const std::vector<Face> faces = pipeline.analyze(image.view(), {false, 1}, {});
    CHECK(faces.size() == 1);
    const double chipSide = 150.0 * static_cast<double>(faces[0].chipScale);
    CHECK(chipSide > 0.8 * size && chipSide < 2 * size);  // the chip is the face with a margin
  }
}

TEST("a pipeline without a model that it needs is refused") {
  using Models = std::shared_ptr<PipelineModels>;
  CHECK_ERROR(ErrorCode::kInvalidArgument, Pipeline{nullptr});
  const auto refuses = [](const Models& models) {
    CHECK_ERROR(ErrorCode::kInvalidArgument, Pipeline{models});
  };
  Models models = hogModels();
  models->landmarks.reset();
  refuses(models);
  models = hogModels();
  models->embedder.reset();
  refuses(models);
  models = meshModels();
  models->mesh.reset();
  refuses(models);
  models = meshModels();
  models->detectorNetwork.reset();
  refuses(models);
}

TEST("every detector with every alignment puts the same face on about the same chip") {
  Image image = plain(500, 400);
  test::drawFace(image, 260, 190, 180);
  Landmarks5 expected{};
  float scale = 0;
  for (const DetectorKind detector : {DetectorKind::kHog, DetectorKind::kBlazeFace}) {
    for (const Alignment alignment : {Alignment::kDlib, Alignment::kMesh}) {
      auto models = meshModels();
      models->detector = detector;
      models->alignment = alignment;
      models->landmarks = hogModels()->landmarks;
      const std::vector<Face> faces = Pipeline(models).analyze(image.view(), {true, 5}, {});
      CHECK(faces.size() == 1 && faces[0].embedding.size() == Embedder::kDimension);
      if (scale == 0) {
        scale = faces[0].chipScale;
        expected = faces[0].landmarks;
      }
      CHECK(std::abs(faces[0].chipScale / scale - 1) < 0.15F);
      for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(std::abs(faces[0].landmarks[i].x - expected[i].x) < 18);
        CHECK(std::abs(faces[0].landmarks[i].y - expected[i].y) < 18);
      }
    }
  }
}

TEST("a face that lies on its side comes onto the same chip as an upright one") {
  Image image = plain(400, 400);
  test::drawFace(image, 200, 200, 180);
  Image side(400, 400);
  for (std::size_t y = 0; y < 400; ++y) {
    for (std::size_t x = 0; x < 400; ++x) {
      std::copy_n(image.row(399 - x) + 3 * y, 3, side.row(y) + 3 * x);
    }
  }
  for (const Alignment alignment : {Alignment::kDlib, Alignment::kMesh}) {
    auto models = meshModels();
    models->alignment = alignment;
    models->landmarks = hogModels()->landmarks;
    Pipeline pipeline(models);
    const std::vector<Face> a = pipeline.analyze(image.view(), {true, 5}, {});
    const std::vector<Face> b = pipeline.analyze(side.view(), {true, 5}, {});
    CHECK(a.size() == 1 && b.size() == 1);
    float squares = 0;
    for (std::size_t i = 0; i < Embedder::kDimension; ++i) {
      squares += (a[0].embedding[i] - b[0].embedding[i]) * (a[0].embedding[i] - b[0].embedding[i]);
    }
    CHECK(std::sqrt(squares) < 0.3F);
  }
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
