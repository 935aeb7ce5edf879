#include "vision/clarity.h"

#include <cmath>

#include "check.h"
#include "drawn_face.h"
#include "model_fixture.h"

using namespace countenance;

namespace {

Image blurred(const Image& image, std::size_t radius) {
  Image out(image.width(), image.height());
  for (std::size_t y = radius; y + radius < image.height(); ++y) {
    for (std::size_t x = radius; x + radius < image.width(); ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        std::size_t sum = 0;
        for (std::size_t i = 0; i <= 2 * radius; ++i) {
          for (std::size_t j = 0; j <= 2 * radius; ++j) {
            sum += image.row(y + i - radius)[3 * (x + j - radius) + c];
          }
        }
        const std::size_t side = 2 * radius + 1;
        out.row(y)[3 * x + c] = static_cast<std::uint8_t>(sum / (side * side));
      }
    }
  }
  return out;
}

constexpr Region kFace{{160, 120}, 140, 0};

}  // namespace

TEST("a plain picture is flat, and as light as its grey value") {
  const Clarity clarity = clarityOf(test::plain(320, 240, 77).view(), kFace);
  CHECK(clarity.sharpness < 0.01F && std::abs(clarity.light - 77) < 0.01F);
}

TEST("the more a face is blurred, the less sharp it is, and as light") {
  Image image = test::plain(320, 240);
  test::drawFace(image, 160, 120, 140);
  const Clarity sharp = clarityOf(image.view(), kFace);
  const Clarity soft = clarityOf(blurred(image, 2).view(), kFace);
  const Clarity softer = clarityOf(blurred(image, 5).view(), kFace);
  CHECK(sharp.sharpness > 1.2F * soft.sharpness && soft.sharpness > 1.2F * softer.sharpness);
  CHECK(std::abs(sharp.light - soft.light) < 2);
}

TEST("grey pixels have the clarity of three equal ones") {
  Image image = test::plain(320, 240);
  test::drawFace(image, 160, 120, 140);
  Image grey(320, 240, 1);
  for (std::size_t y = 0; y < 240; ++y) {
    for (std::size_t x = 0; x < 320; ++x) grey.row(y)[x] = image.row(y)[3 * x];
  }
  const Clarity one = clarityOf(grey.view(), kFace);
  const Clarity three = clarityOf(image.view(), kFace);
  CHECK(std::abs(one.sharpness - three.sharpness) < 0.5F && std::abs(one.light - three.light) < 1);
}

TEST("the picture's edge is neither sharp nor dark") {
  const Image plain = test::plain(320, 240, 200);
  for (const Region& cut : {Region{{0, 120}, 140, 0}, Region{{310, 230}, 140, 0.4F},
                            Region{{160, 0}, 300, -0.3F}, Region{{160, 120}, 1000, 0}}) {
    const Clarity clarity = clarityOf(plain.view(), cut);
    CHECK(clarity.sharpness < 0.01F && std::abs(clarity.light - 200) < 0.01F);
  }
}

TEST("a face that is cut by the picture's edge is no sharper than the whole one") {
  Image whole = test::plain(320, 240);
  test::drawFace(whole, 160, 120, 140);
  Image half = test::plain(320, 240);
  test::drawFace(half, 0, 120, 140);
  const Clarity inside = clarityOf(whole.view(), kFace);
  const Clarity cut = clarityOf(half.view(), {{0, 120}, 140, 0});
  CHECK(cut.sharpness < 1.1F * inside.sharpness && std::abs(cut.light - inside.light) < 5);
}

TEST("a face outside the picture is black and flat") {
  const Clarity clarity = clarityOf(test::plain(32, 24).view(), {{-500, -500}, 100, 0});
  CHECK(clarity.sharpness == 0 && clarity.light == 0);
}

TEST_MAIN()
