#include "vision/yunet.h"

#include <cmath>
#include <limits>

#include "check.h"
#include "model_fixture.h"
#include "tiny_network.h"

using namespace countenance;

namespace {

constexpr std::size_t kSide = 64;

/// What the network says of a picture without a face; tests plant faces.
struct Output {
  std::array<std::array<std::vector<float>, 4>, 3> maps;

  Output() {
    for (std::size_t s = 0; s < 3; ++s) {
      const std::size_t cells = kSide / YuNet::kStrides[s];
      for (std::size_t n = 0; n < 4; ++n) {
        maps[s][n].resize(cells * cells * std::array<std::size_t, 4>{1, 1, 4, 10}[n]);
      }
    }
  }

  void plant(std::size_t s, std::size_t cell, float classes, float objects,
             const std::vector<float>& box, const std::vector<float>& points = {}) {
    maps[s][0][cell] = classes;
    maps[s][1][cell] = objects;
    std::copy(box.begin(), box.end(), maps[s][2].begin() + static_cast<std::ptrdiff_t>(4 * cell));
    std::copy(points.begin(), points.end(),
              maps[s][3].begin() + static_cast<std::ptrdiff_t>(10 * cell));
  }

  std::vector<Detection> decode() const {
    std::array<YuNet::Maps, 3> views;
    for (std::size_t s = 0; s < 3; ++s) {
      views[s] = {maps[s][0], maps[s][1], maps[s][2], maps[s][3]};
    }
    return YuNet::decode(views, kSide);
  }
};

using Outputs = std::vector<std::pair<std::size_t, test::TinyOutput>>;

/// A face of a cell's size in every cell of stride 32, and none elsewhere.
Outputs yuNetOutputs() {
  Outputs outputs;
  for (const std::size_t stride : YuNet::kStrides) {
    const std::string end = "_" + std::to_string(stride);
    const float score = stride == 32 ? 0.81F : 0.0F;
    outputs.push_back({stride, {"cls" + end, {score}}});
    outputs.push_back({stride, {"obj" + end, {score}}});
    outputs.push_back({stride, {"bbox" + end, {0.5F, 0.5F, 0, 0}}});
    outputs.push_back({stride, {"kps" + end, {0.25F, 0.5F, 0.75F, 0.5F, 0, 0, 0, 0, 0, 0}}});
  }
  return outputs;
}

bool near(float a, float b) { return std::abs(a - b) < 1e-3F; }

}  // namespace

TEST("a box is told in cells from the cell's corner, its size by logarithms") {
  Output output;
  // Stride 16 has 4 x 4 cells: cell 6 is in column 2, row 1.
  output.plant(1, 6, 0.64F, 1, {0.5F, 0.25F, std::log(2.0F), 0}, {1, 2, 3, 4});
  const auto found = output.decode();
  CHECK(found.size() == 1);
  CHECK(near(found[0].score, 0.8F));
  CHECK(near(found[0].box.x, 40 - 16) && near(found[0].box.y, 20 - 8));
  CHECK(near(found[0].box.width, 32) && near(found[0].box.height, 16));
  CHECK(found[0].points == 5);
  CHECK(near(found[0].at[0].x, 48) && near(found[0].at[0].y, 48));
  CHECK(near(found[0].at[1].x, 80) && near(found[0].at[1].y, 80));
}

TEST("the score is the mean of class and object, their product's root") {
  Output output;
  output.plant(0, 0, 1, 0.25F, {0, 0, 0, 0});
  output.plant(0, 30, 1, 0.24F, {0, 0, 0, 0});
  const auto found = output.decode();
  CHECK(found.size() == 1);
  CHECK(near(found[0].score, 0.5F));
}

TEST("of overlapping faces of all strides the surest is kept") {
  Output output;
  output.plant(1, 5, 0.9F, 0.9F, {0.5F, 0.5F, 0.7F, 0.7F});
  output.plant(1, 6, 0.8F, 0.8F, {-0.4F, 0.5F, 0.7F, 0.7F});
  output.plant(2, 3, 0.7F, 0.7F, {0.9F, 0.9F, -1, -1});
  const auto found = output.decode();
  CHECK(found.size() == 2);
  CHECK(near(found[0].score, 0.9F) && near(found[1].score, 0.7F));
}

TEST("what is no number is no face") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Output output;
  output.plant(0, 0, nan, 1, {0, 0, 0, 0});
  output.plant(0, 9, 1, nan, {0, 0, 0, 0});
  output.plant(0, 18, 1, 1, {0, nan, 0, 0});
  output.plant(0, 27, 1, 1, {0, 0, 1000, 0});
  output.plant(0, 36, 1, 1, {0, 0, 0, 0}, {nan});
  CHECK(output.decode().empty());
}

TEST("a model of YuNet's outputs runs on a region, boxes come in the picture's pixels") {
  YuNet yuNet(test::tinyNetwork(kSide, yuNetOutputs()));
  const Image image = test::plain(256, 128);
  const auto found = yuNet.detect(image.view(), wholeRegion(256, 128));
  CHECK(found.size() == 4);
  CHECK(near(found[0].box.x, 0) && near(found[0].box.y, -64) && near(found[0].box.width, 128));
  CHECK(near(found[0].roll, 0) && near(found[0].score, 0.81F));
}

TEST("a network with other outputs is refused") {
  for (std::size_t i = 0; i < 12; ++i) {
    Outputs outputs = yuNetOutputs();
    outputs[i].second.name = "another";
    CHECK_ERROR(ErrorCode::kModelCorrupt, YuNet(test::tinyNetwork(kSide, outputs)));
    outputs = yuNetOutputs();
    outputs[i].second.values.push_back(0);
    CHECK_ERROR(ErrorCode::kModelCorrupt, YuNet(test::tinyNetwork(kSide, outputs)));
  }
  CHECK_ERROR(ErrorCode::kModelCorrupt, YuNet(test::tinyNetwork(80, yuNetOutputs())));
  CHECK_ERROR(ErrorCode::kModelCorrupt, YuNet(test::network("blazeface.bin")));
}

TEST_MAIN()
