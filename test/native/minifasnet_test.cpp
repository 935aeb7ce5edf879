#include "vision/minifasnet.h"

#include <cmath>

#include "check.h"
#include "model_fixture.h"
#include "network_builder.h"
#include "tiny_network.h"
#include "vision/pipeline_box.h"
#include "vision/pipeline_passive.h"

using namespace countenance;
using test::plain;

namespace {

constexpr std::size_t kSide = MiniFasNet::kSide;

bool near(float a, float b, float tolerance = 1e-4F) { return std::abs(a - b) < tolerance; }

/// Gives these three numbers for every picture.
std::shared_ptr<const nn::Network> constantNetwork(const std::vector<float>& classes) {
  return test::tinyNetwork(kSide, {{kSide, {"output", classes}}});
}

/// Its classes are the means of the input's channels: blue, green, red, over 100.
std::shared_ptr<const nn::Network> meanNetwork() {
  ModelFileWriter writer;
  writer.property("kind", "network");
  writer.property("outputs", "output");
  writer.tensor("input", {3}, std::vector<std::int32_t>{kSide, kSide, 3});
  writer.tensor("layers", {2, 10}, std::vector<std::int32_t>{5, 0, 0, 1, 1, 0, 0, 3, 0, 0,  //
                                                             1, 1, 0, 1, 1, 0, 0, 3, 0, 0});
  writer.tensor("outputs", {1}, std::vector<std::int32_t>{2});
  const float k = 0.01F;
  writer.tensor("1.weights", {3, 1, 1, 3}, std::vector<float>{k, 0, 0, 0, k, 0, 0, 0, k});
  writer.tensor("1.bias", {3}, std::vector<float>(3));
  return std::make_shared<const nn::Network>(ModelFile(writer.bytes()));
}

/// What meanNetwork() and the softmax make of a mean colour.
float expectedLive(float red, float green, float blue) {
  const float live = std::exp(green / 100);
  return live / (std::exp(blue / 100) + live + std::exp(red / 100));
}

void paint(Image& image, std::size_t left, std::size_t top, std::size_t right, std::size_t bottom,
           std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  for (std::size_t y = top; y < bottom; ++y) {
    for (std::size_t x = left; x < right; ++x) {
      std::uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = red;
      pixel[1] = green;
      pixel[2] = blue;
    }
  }
}

}  // namespace

TEST("a face in the middle gets all of its surroundings") {
  const FaceSurroundings part = surroundings({200, 100, 40, 60}, 2.5F, 640, 480);
  CHECK(part.left == 170 && part.width == 101);
  CHECK(part.top == 55 && part.height == 151);
  CHECK(near(part.scale, 2.5F));
}

TEST("surroundings that reach past an edge are pushed inside and stay as large") {
  const FaceSurroundings corner = surroundings({0, 0, 40, 60}, 2, 640, 480);
  CHECK(corner.left == 0 && corner.top == 0 && corner.width == 81 && corner.height == 121);
  const FaceSurroundings opposite = surroundings({600, 420, 40, 60}, 2, 640, 480);
  CHECK(opposite.left + opposite.width == 640 && opposite.top + opposite.height == 480);
  CHECK(opposite.width == 81 && opposite.height == 121);
}

TEST("surroundings larger than the picture shrink with the box's shape") {
  const FaceSurroundings part = surroundings({20, 20, 60, 90}, 4, 100, 181);
  CHECK(near(part.scale, 99.0F / 60));
  CHECK(part.left == 0 && part.width == 100);
  CHECK(part.height == 149 && part.top + part.height <= 181);
}

TEST("a box outside of the picture, of no size, or no number gives pixels of the picture") {
  const float nan = std::nanf("");
  for (const Box& box : {Box{-500, -500, 20, 20}, Box{900, 900, 20, 20}, Box{10, 10, 0, 0},
                         Box{10, 10, -5, 1e9F}, Box{nan, nan, nan, nan}, Box{0, 0, 1, 1}}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{64}}) {
      const FaceSurroundings part = surroundings(box, 4, size, size);
      CHECK(part.width >= 1 && part.height >= 1);
      CHECK(part.left + part.width <= size && part.top + part.height <= size);
      MiniFasNet net(constantNetwork({1, 2, 3}), 4);
      CHECK(near(net.score(plain(size, size).view(), box).live, 0.244728F));
    }
  }
}

TEST("live is the second class after a softmax, however large the numbers are") {
  const auto live = [](const std::vector<float>& classes) {
    return MiniFasNet(constantNetwork(classes), 2.7F)
        .score(plain(160, 160).view(), {60, 60, 30, 40})
        .live;
  };
  CHECK(near(live({0, 0, 0}), 1.0F / 3));
  CHECK(near(live({1, 3, 2}), 0.665241F));
  CHECK(near(live({-1000, 1000, 0}), 1));
  CHECK(near(live({1000, -1000, 0}), 0));
}

TEST("the network sees blue, green, red, from 0 to 255, of the surroundings only") {
  Image image = plain(400, 300, 255);
  paint(image, 100, 100, 181, 181, 200, 120, 40);
  MiniFasNet net(meanNetwork(), 2);
  const LiveScore score = net.score(image.view(), {120, 120, 40, 40});
  CHECK(near(score.live, expectedLive(200, 120, 40)));
  CHECK(near(score.colour, 160) && near(score.scale, 2));
}

TEST("surroundings of fewer pixels than the network sees do not run into what is beside them") {
  Image image = plain(400, 300, 255);
  paint(image, 100, 100, 141, 141, 200, 120, 40);
  MiniFasNet net(meanNetwork(), 2);
  const LiveScore score = net.score(image.view(), {110, 110, 20, 20});
  CHECK(near(score.live, expectedLive(200, 120, 40)) && near(score.colour, 160));
}

TEST("a large picture is averaged: fine stripes do not alias") {
  // Samples 20 pixels apart would all hit the same stripe.
  Image image = plain(1601, 1601, 0);
  for (std::size_t y = 0; y < 1601; ++y) {
    for (std::size_t x = 0; x < 1601; ++x) {
      if ((x + 1) / 2 % 2 == 1) image.row(y)[3 * x] = image.row(y)[3 * x + 2] = 200;
    }
  }
  MiniFasNet net(meanNetwork(), 4);
  const LiveScore score = net.score(image.view(), {600, 600, 400, 400});
  CHECK(near(score.live, expectedLive(100, 0, 100), 0.03F));
}

TEST("a greyscale picture scores as its RGB copy does, and has no colour") {
  Image colour = plain(300, 200);
  Image grey(300, 200, 1);
  for (std::size_t y = 0; y < 200; ++y) {
    for (std::size_t x = 0; x < 300; ++x) {
      const auto value = static_cast<std::uint8_t>((3 * x + 5 * y) % 256);
      grey.row(y)[x] = value;
      for (std::size_t c = 0; c < 3; ++c) colour.row(y)[3 * x + c] = value;
    }
  }
  MiniFasNet net(meanNetwork(), 2.7F);
  const Box face{100, 60, 70, 90};
  const LiveScore one = net.score(grey.view(), face);
  const LiveScore three = net.score(colour.view(), face);
  CHECK(one.live == three.live && one.colour == 0 && three.colour == 0);
}

TEST("a network of another shape is refused") {
  const auto refused = [](std::size_t side, const std::vector<float>& classes) {
    CHECK_ERROR(ErrorCode::kModelCorrupt,
                MiniFasNet(test::tinyNetwork(side, {{side, {"output", classes}}}), 4));
  };
  refused(64, {1, 2, 3});
  refused(kSide, {1, 2});
  refused(kSide, {1, 2, 3, 4});
  CHECK_ERROR(ErrorCode::kModelCorrupt,
              MiniFasNet(test::tinyNetwork(kSide, {{kSide, {"a", {1, 2, 3}}},  //
                                                   {kSide, {"b", {1, 2, 3}}}}),
                         4));
}

TEST("boxes of all detectors become one box of WIDER FACE") {
  Detection blazeFace;
  blazeFace.box = {100, 100, 200, 200};
  const Box wider = asWider(blazeFace, DetectorKind::kBlazeFace);
  CHECK(near(wider.width, 180) && near(wider.height, 252));
  CHECK(near(wider.x + wider.width / 2, 200 - 0.6F) && near(wider.y + 126, 200 - 22.5F));

  Detection hog;
  hog.box = asHog(blazeFace, DetectorKind::kBlazeFace);
  const Box fromHog = asWider(hog, DetectorKind::kHog);
  CHECK(near(fromHog.x, wider.x, 0.1F) && near(fromHog.height, wider.height, 0.1F));

  Detection yuNet;
  yuNet.box = wider;
  CHECK(near(asWider(yuNet, DetectorKind::kYuNet).y, wider.y));
}

TEST_MAIN()
