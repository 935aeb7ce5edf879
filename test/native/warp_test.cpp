#include "vision/warp.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "check.h"
#include "vision/region.h"

using namespace countenance;

namespace {

/// Another value in every byte, as far as bytes go.
Image patterned(std::size_t width, std::size_t height, std::size_t channels = 3) {
  Image image(width, height, channels);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t i = 0; i < channels * width; ++i) {
      image.row(y)[i] = static_cast<std::uint8_t>((31 * y + 7 * i + y * i) % 256);
    }
  }
  return image;
}

/// Every channel is a plane over x and y, so that any average of it is its value in the middle.
Image ramp(std::size_t width, std::size_t height) {
  Image image(width, height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      std::uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<std::uint8_t>(250 * x / width);
      pixel[1] = static_cast<std::uint8_t>(250 * y / height);
      pixel[2] = static_cast<std::uint8_t>(125 * x / width + 125 * y / height);
    }
  }
  return image;
}

std::vector<float> warped(ImageView picture, const Affine& map, std::size_t width,
                          std::size_t height, const PixelFormat& format = {}) {
  std::vector<float> out(width * height * 3, -7);
  warp(picture, map, width, height, format, out);
  return out;
}

Affine scaled(float scale, float x = 0, float y = 0) { return {scale, 0, x, 0, scale, y}; }

}  // namespace

TEST("a picture that is not moved stays as it is, every byte of it") {
  for (const std::size_t side : {1, 2, 3, 17}) {
    const Image picture = patterned(side, side + 1);
    const Image copy = warp(picture.view(), {}, side, side + 1);
    for (std::size_t y = 0; y <= side; ++y) {
      for (std::size_t i = 0; i < 3 * side; ++i) CHECK(copy.row(y)[i] == picture.row(y)[i]);
    }
  }
}

TEST("between pixels the values go over linearly") {
  const Image picture = patterned(9, 9);
  const std::vector<float> out = warped(picture.view(), scaled(1, 2.25F, 3.5F), 1, 1);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto at = [&](std::size_t x, std::size_t y) {
      return static_cast<float>(picture.row(y)[3 * x + c]);
    };
    const float top = at(2, 3) * 0.75F + at(3, 3) * 0.25F;
    const float bottom = at(2, 4) * 0.75F + at(3, 4) * 0.25F;
    CHECK(std::abs(out[c] - (top + bottom) / 2) < 0.02F);
  }
}

TEST("turned and shrunk by any amount, a ramp keeps its values") {
  const Image picture = ramp(900, 700);
  for (const float side : {20.0F, 64.0F, 100.0F, 200.0F, 333.0F, 450.0F}) {
    for (const float roll : {0.0F, 0.5F, 1.5707963F, 3.0F, -2.0F}) {
      const Region region{{430.25F, 350.5F}, side, roll};
      const std::vector<float> out = warped(picture.view(), region.toPicture(50), 50, 50);
      for (std::size_t v = 0; v < 50; v += 7) {
        for (std::size_t u = 0; u < 50; u += 7) {
          const Point at = region.toPicture(50)({static_cast<float>(u), static_cast<float>(v)});
          const float* pixel = &out[3 * (50 * v + u)];
          CHECK(std::abs(pixel[0] - 250 * at.x / 900) < 1.5F);
          CHECK(std::abs(pixel[1] - 250 * at.y / 700) < 1.5F);
        }
      }
    }
  }
}

TEST("shrinking by a whole number is the average of the squares") {
  for (const std::size_t k : {2, 3, 5, 40, 300}) {
    const std::size_t side = k * (k < 100 ? 6 : 2);
    const Image picture = patterned(side, side);
    const auto step = static_cast<float>(k);
    const std::size_t pixels = side / k;
    const std::vector<float> out =
        warped(picture.view(), scaled(step, (step - 1) / 2, (step - 1) / 2), pixels, pixels);
    for (std::size_t i = 0; i < pixels * pixels; ++i) {
      double sum = 0;
      std::size_t count = 0;
      for (std::size_t y = 0; y<k; y += k> 257 ? 2 : 1, count += k) {
        for (std::size_t x = 0; x < k; ++x) {
          sum += picture.row(i / pixels * k + y)[3 * (i % pixels * k + x) + 1];
        }
      }
      CHECK(std::abs(out[3 * i + 1] - sum / static_cast<double>(count)) <= 0.51);
    }
  }
}

TEST("fine detail does not alias: a checkerboard shrunk to a quarter is grey") {
  Image picture(400, 400);
  for (std::size_t y = 0; y < 400; ++y) {
    for (std::size_t i = 0; i < 1200; ++i) picture.row(y)[i] = (y + i / 3) % 2 == 0 ? 0 : 200;
  }
  for (const float roll : {0.0F, 0.4F}) {
    const Region region{{200, 200}, 240, roll};
    for (const float value : warped(picture.view(), region.toPicture(60), 60, 60)) {
      CHECK(std::abs(value - 100) < 3);
    }
  }
}

TEST("outside of the picture is black, whatever the format") {
  const Image picture = ramp(10, 10);
  for (const Affine& map :
       {scaled(1, 1e6F, 0), scaled(1, -50, -50), scaled(5, 3000, 1),
        scaled(1, std::numeric_limits<float>::quiet_NaN(), 0),
        scaled(std::numeric_limits<float>::infinity(), 0, 0), scaled(1e30F, 1e30F, -1e30F)}) {
    for (const float value : warped(picture.view(), map, 4, 4, {2, -1})) {
      CHECK(value == -1 || map.a > 1e20F);  // one sample of these may hit the first pixel
      CHECK(std::isfinite(value));
    }
  }
}

TEST("values are scaled, and the order of the channels is as asked") {
  const Image picture = patterned(8, 8);
  const std::vector<float> rgb = warped(picture.view(), {}, 8, 8, {0.5F, 3});
  const std::vector<float> bgr =
      warped(picture.view(), {}, 8, 8, {0.5F, 3, PixelFormat::Order::kBgr});
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint8_t* pixel = picture.row(i / 8) + 3 * (i % 8);
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(std::abs(rgb[3 * i + c] - (0.5F * pixel[c] + 3)) < 1e-4F);
      CHECK(rgb[3 * i + c] == bgr[3 * i + 2 - c]);
    }
  }
}

TEST("a grey picture gives what its RGB copy gives") {
  const Image grey = patterned(301, 205, 1);
  Image rgb(301, 205);
  for (std::size_t y = 0; y < 205; ++y) {
    for (std::size_t i = 0; i < 903; ++i) rgb.row(y)[i] = grey.row(y)[i / 3];
  }
  for (const float side : {30.0F, 90.0F, 400.0F}) {
    const Affine map = Region{{150, 100}, side, 0.3F}.toPicture(40);
    const std::vector<float> a = warped(grey.view(), map, 40, 40);
    const std::vector<float> b = warped(rgb.view(), map, 40, 40);
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == b[i]);
  }
}

TEST("pictures of any shape are warped without harm") {
  std::mt19937 random(7);
  const auto uniform = [&random](float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random);
  };
  const std::size_t shapes[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 3000}, {3000, 1}, {3, 3}, {31, 7}};
  for (const auto& shape : shapes) {
    for (const std::size_t channels : {1, 3}) {
      const Image picture = patterned(shape[0], shape[1], channels);
      for (int i = 0; i < 60; ++i) {
        const float reach = 2 * static_cast<float>(std::max(shape[0], shape[1]));
        const Region region{{uniform(-reach, reach), uniform(-reach, reach)},
                            uniform(0.01F, 3 * reach),
                            uniform(-4, 4)};
        for (const float value : warped(picture.view(), region.toPicture(9), 9, 9)) {
          CHECK(value >= -0.01F && value <= 255.01F);
        }
      }
    }
  }
}

TEST("room of another size is refused") {
  const Image picture = patterned(4, 4);
  std::vector<float> out(11);
  CHECK_ERROR(ErrorCode::kInvalidArgument, warp(picture.view(), {}, 2, 2, {}, out));
}

TEST_MAIN()
