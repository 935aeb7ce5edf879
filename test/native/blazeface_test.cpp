#include "vision/blazeface.h"

#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "model_fixture.h"
#include "tiny_network.h"

using namespace countenance;

namespace {

constexpr float kNothing = -20;  // a logit

/// What the network says of a picture without a face; tests plant faces.
struct Output {
  std::vector<float> scores16 = std::vector<float>(512, kNothing);
  std::vector<float> boxes16 = std::vector<float>(std::size_t{512} * 16);
  std::vector<float> scores32 = std::vector<float>(384, kNothing);
  std::vector<float> boxes32 = std::vector<float>(std::size_t{384} * 16);

  std::vector<Detection> decode() const {
    return BlazeFace::decode({scores16, boxes16}, {scores32, boxes32}, {0, 0, 256, 256});
  }
};

void plant(std::vector<float>& scores, std::vector<float>& boxes, std::size_t anchor, float logit,
           const std::vector<float>& values) {
  scores[anchor] = logit;
  std::copy(values.begin(), values.end(), boxes.begin() + static_cast<std::ptrdiff_t>(16 * anchor));
}

bool near(float a, float b) { return std::abs(a - b) < 1e-3F; }

using Outputs = std::vector<std::pair<std::size_t, test::TinyOutput>>;

Outputs blazeFaceOutputs() {
  return {{16, {"scores16", std::vector<float>(2, kNothing)}},
          {16, {"boxes16", std::vector<float>(32)}},
          {32, {"scores32", std::vector<float>(6, kNothing)}},
          {32, {"boxes32", std::vector<float>(96)}}};
}

}  // namespace

TEST("an anchor's box is told from the centre of its cell") {
  Output output;
  // Two anchors per cell, 16 cells per row: 2 * (16 * 3 + 5) + 1 is in column 5, row 3.
  plant(output.scores16, output.boxes16, 2 * (16 * 3 + 5) + 1, 2, {4, -4, 40, 20, 1, 2, 3, 4});
  const auto found = output.decode();
  CHECK(found.size() == 1);
  CHECK(near(found[0].score, 1 / (1 + std::exp(-2.0F))));
  CHECK(near(found[0].box.x, 88 + 4 - 20) && near(found[0].box.y, 56 - 4 - 10));
  CHECK(near(found[0].box.width, 40) && near(found[0].box.height, 20));
  CHECK(found[0].points == 6);
  CHECK(near(found[0].at[0].x, 89) && near(found[0].at[0].y, 58));
  CHECK(near(found[0].at[1].x, 91) && near(found[0].at[1].y, 60));
}

TEST("the coarser map has six anchors per cell of 32 pixels") {
  Output output;
  plant(output.scores32, output.boxes32, 6 * (8 * 7 + 2) + 5, 3, {0, 0, 64, 64});
  const auto found = output.decode();
  CHECK(found.size() == 1);
  CHECK(near(found[0].box.x, 80 - 32) && near(found[0].box.y, 240 - 32));
}

TEST("of a part of the crop, the anchors lie in the part") {
  std::vector<float> scores16(10 * 16 * 2, kNothing);
  std::vector<float> boxes16(scores16.size() * 16);
  std::vector<float> scores32(5 * 8 * 6, kNothing);
  std::vector<float> boxes32(scores32.size() * 16);
  plant(scores16, boxes16, 2 * (16 * 9 + 3), 2, {0, 0, 10, 10});  // column 3, row 9
  const auto found = BlazeFace::decode({scores16, boxes16}, {scores32, boxes32}, {0, 48, 256, 160});
  CHECK(found.size() == 1);
  CHECK(near(found[0].box.x, 56 - 5) && near(found[0].box.y, 48 + 9 * 16 + 8 - 5));
}

TEST("a score of a half is enough, less is not") {
  Output output;
  plant(output.scores16, output.boxes16, 0, 0, {0, 0, 9, 9});
  plant(output.scores16, output.boxes16, 300, -0.01F, {0, 0, 9, 9});
  CHECK(output.decode().size() == 1);
}

TEST("anchors that see the same face are one, surest first") {
  Output output;
  plant(output.scores16, output.boxes16, 100, 1, {0, 0, 50, 50});
  plant(output.scores16, output.boxes16, 101, 2, {2, 0, 50, 50});
  plant(output.scores32, output.boxes32, 383, 4, {0, 0, 50, 50});
  const auto found = output.decode();
  CHECK(found.size() == 2);
  CHECK(found[0].score > found[1].score);
}

TEST("what is no number, or has no size, is no face") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  Output output;
  plant(output.scores16, output.boxes16, 0, nan, {0, 0, 9, 9});
  plant(output.scores16, output.boxes16, 20, 5, {0, 0, nan, 9});
  plant(output.scores16, output.boxes16, 40, 5, {infinity, 0, 9, 9});
  plant(output.scores16, output.boxes16, 60, 5, {0, 0, 0, 9});
  plant(output.scores16, output.boxes16, 80, 5, {0, 0, 9, -9});
  plant(output.scores16, output.boxes16, 90, 5, {0, 0, 9, 9, 0, 0, nan, 0});
  plant(output.scores16, output.boxes16, 120, 5, {0, 0, 1e30F, 1e30F});
  CHECK(output.decode().empty());
}

TEST("its own network runs on pictures of any shape, and finds nothing in plain ones") {
  BlazeFace blazeFace(test::network("blazeface.bin"));
  const std::size_t shapes[][2] = {{1, 1}, {1, 4000}, {4000, 1}, {640, 480}, {2000, 1500}};
  for (const auto& shape : shapes) {
    const Image image = test::plain(shape[0], shape[1]);
    CHECK(blazeFace.detect(image.view(), wholeRegion(shape[0], shape[1])).empty());
  }
}

TEST("a network with other outputs is refused, one with BlazeFace's is taken") {
  BlazeFace(test::tinyNetwork(256, blazeFaceOutputs()));
  for (std::size_t i = 0; i < 4; ++i) {
    Outputs outputs = blazeFaceOutputs();
    outputs[i].second.name = "another";
    CHECK_ERROR(ErrorCode::kModelCorrupt, BlazeFace(test::tinyNetwork(256, outputs)));
    outputs = blazeFaceOutputs();
    outputs[i].second.values.push_back(0);
    CHECK_ERROR(ErrorCode::kModelCorrupt, BlazeFace(test::tinyNetwork(256, outputs)));
  }
  CHECK_ERROR(ErrorCode::kModelCorrupt, BlazeFace(test::tinyNetwork(128, blazeFaceOutputs())));
  CHECK_ERROR(ErrorCode::kModelCorrupt, BlazeFace(test::network("facemesh.bin")));
}

TEST_MAIN()
