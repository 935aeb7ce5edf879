#include "vision/mesh.h"

#include <cmath>

#include "check.h"
#include "model_fixture.h"
#include "tiny_network.h"

using namespace countenance;

namespace {

using Outputs = std::vector<std::pair<std::size_t, test::TinyOutput>>;

/// Point i lies at (i mod 192, 96) of the crop, in the network's way of counting.
Outputs meshOutputs() {
  std::vector<float> points;
  for (std::size_t i = 0; i < Mesh::kPoints; ++i) {
    points.insert(points.end(), {static_cast<float>(i % 192), 96, 5});
  }
  return {{192, {"points", points}}, {192, {"flag", {0.75F}}}};
}

bool near(float a, float b) { return std::abs(a - b) < 1e-2F; }

}  // namespace

TEST("points come in pixels of the picture, from any region") {
  FaceMesh finder(test::tinyNetwork(192, meshOutputs()));
  const Image image = test::plain(600, 500);
  for (const float roll : {0.0F, 0.7F, -3.0F}) {
    const Region region{{300, 200}, 384, roll};
    const Mesh mesh = finder.find(image.view(), region);
    CHECK(mesh.flag == 0.75F);
    CHECK(near(mesh.points[96].x, 300) && near(mesh.points[96].y, 200));
    CHECK(near(mesh.points[106].x, 300 + 20 * std::cos(roll)));
    CHECK(near(mesh.points[106].y, 200 + 20 * std::sin(roll)));
  }
}

TEST("dlib's five points are the corners of the eyes and the nose's base") {
  FaceMesh finder(test::tinyNetwork(192, meshOutputs()));
  const Mesh mesh = finder.find(test::plain(192, 192).view(), wholeRegion(192, 192));
  const Landmarks5 five = mesh.landmarks();
  const std::size_t expected[] = {263, 362, 33, 133, 2};
  for (std::size_t i = 0; i < 5; ++i) CHECK(five[i].x == mesh.points[expected[i]].x);
}

TEST("its own network sees no face in a plain picture, and gives numbers all the same") {
  FaceMesh finder(test::network("facemesh.bin"));
  const std::size_t shapes[][2] = {{1, 1}, {1, 3000}, {400, 300}};
  for (const auto& shape : shapes) {
    const Image image = test::plain(shape[0], shape[1]);
    const Mesh mesh = finder.find(image.view(), wholeRegion(shape[0], shape[1]));
    CHECK(mesh.flag < 0.5F);
    for (const Point& point : mesh.points) CHECK(std::isfinite(point.x + point.y));
  }
}

TEST("a network with other outputs is refused") {
  for (std::size_t i = 0; i < 2; ++i) {
    Outputs outputs = meshOutputs();
    outputs[i].second.name = "another";
    CHECK_ERROR(ErrorCode::kModelCorrupt, FaceMesh(test::tinyNetwork(192, outputs)));
    outputs = meshOutputs();
    outputs[i].second.values.push_back(0);
    CHECK_ERROR(ErrorCode::kModelCorrupt, FaceMesh(test::tinyNetwork(192, outputs)));
  }
  CHECK_ERROR(ErrorCode::kModelCorrupt, FaceMesh(test::network("blazeface.bin")));
}

TEST_MAIN()
