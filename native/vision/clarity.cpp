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

}  // namespace

Clarity clarityOf(ImageView picture, const Region& face) {
  const Grey grey = greyOf(warp(picture, face.toPicture(kSide), kSide, kSide));
  double light = 0;
  for (const float value : grey) light += value;
  double sum = 0;
  double squares = 0;
  for (std::size_t y = 1; y + 1 < kSide; ++y) {
    for (std::size_t x = 1; x + 1 < kSide; ++x) {
      const float* at = grey.data() + y * kSide + x;
      const double edge = 4 * at[0] - at[-1] - at[1] - at[-static_cast<int>(kSide)] - at[kSide];
      sum += edge;
      squares += edge * edge;
    }
  }
  constexpr double kInner = (kSide - 2) * (kSide - 2);
  const double variance = squares / kInner - (sum / kInner) * (sum / kInner);
  return {static_cast<float>(std::sqrt(std::fmax(variance, 0))),
          static_cast<float>(light / static_cast<double>(grey.size()))};
}

}  // namespace countenance
