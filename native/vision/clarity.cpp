#include "vision/clarity.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "vision/warp.h"

namespace countenance {
namespace {

// Pixels along a side: a fixed size makes faces near and far compare. That of a face in a selfie
// is shrunk to it, so that the camera's noise counts little.
constexpr std::size_t kSide = 112;

using Grey = std::array<float, kSide * kSide>;

Grey greyOf(const Image& pixels) {
  Grey grey;
  const std::uint8_t* pixel = pixels.row(0);
  for (float& value : grey) {  // ITU-R BT.601
    value = 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
    pixel += 3;
  }
  return grey;
}

/// Which of them are pixels of the picture: the others are black.
std::array<bool, kSide * kSide> insideOf(ImageView picture, const Affine& map) {
  const float right = static_cast<float>(picture.width) - 1;
  const float bottom = static_cast<float>(picture.height) - 1;
  std::array<bool, kSide * kSide> inside;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const auto column = static_cast<float>(i % kSide);
    const auto row = static_cast<float>(i / kSide);
    const float x = map.a * column + map.b * row + map.c;
    const float y = map.d * column + map.e * row + map.f;
    inside[i] = x >= 0 && x <= right && y >= 0 && y <= bottom;
  }
  return inside;
}

/// Mean and standard deviation.
class Spread final {
 public:
  void add(double value) {
    ++count_;
    sum_ += value;
    squares_ += value * value;
  }
  double mean() const { return count_ == 0 ? 0 : sum_ / count_; }
  double deviation() const {
    if (count_ == 0) return 0;
    return std::sqrt(std::fmax(squares_ / count_ - mean() * mean(), 0));
  }

 private:
  double count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
};

}  // namespace

Clarity clarityOf(ImageView picture, const Region& face) {
  const Affine map = face.toPicture(kSide);
  const Grey grey = greyOf(warp(picture, map, kSide, kSide));
  const auto inside = insideOf(picture, map);
  Spread light;
  for (std::size_t i = 0; i < grey.size(); ++i) {
    if (inside[i]) light.add(grey[i]);
  }
  Spread edges;
  for (std::size_t y = 1; y + 1 < kSide; ++y) {
    for (std::size_t x = 1; x + 1 < kSide; ++x) {
      const std::size_t at = y * kSide + x;
      const std::array<std::size_t, 4> around{at - 1, at + 1, at - kSide, at + kSide};
      double edge = 4 * grey[at];
      bool isWhole = inside[at];
      for (const std::size_t next : around) {
        edge -= grey[next];
        isWhole = isWhole && inside[next];
      }
      if (isWhole) edges.add(edge);
    }
  }
  return {static_cast<float>(edges.deviation()), static_cast<float>(light.mean())};
}

}  // namespace countenance
