#include "vision/search.h"

#include <algorithm>
#include <cmath>

namespace countenance {
namespace {

constexpr float kQuarter = 1.57079632679F;  // radians

// A part of half the side shows nothing new when the whole was not shrunk by this much.
constexpr float kLeastGain = 1.5F;

// BlazeFace finds 59 of 60 faces of LFW when they are an eighth of the picture wide, 57 of a 17th,
// 38 of a 28th (bench/results/2026-11-20-detection.json has more).
constexpr float kSmallShare = 16;

/// Starts of squares along one axis, each half a square behind the last one, until `length` ends.
std::vector<float> startsOf(float length, float side) {
  if (length <= side) return {(length - side) / 2};
  const auto steps = static_cast<std::size_t>(std::ceil((length - side) / (side / 2)));
  std::vector<float> starts;
  for (std::size_t i = 0; i <= steps; ++i) {
    starts.push_back((length - side) * static_cast<float>(i) / static_cast<float>(steps));
  }
  return starts;
}

}  // namespace

std::vector<Region> turnedLooks(std::size_t width, std::size_t height) {
  const Region whole = wholeRegion(width, height);
  std::vector<Region> looks;
  // Cameras that lie on their side are the commonest; then what is upside down, or in between. A
  // square that is turned by 45 degrees leaves the corners of a square picture out: what is there
  // is found by one of the others, or nearly so.
  for (const float quarters : {1.0F, -1.0F, 2.0F, 0.5F, -0.5F, 1.5F, -1.5F}) {
    Region look = whole;
    look.roll = quarters * kQuarter;
    looks.push_back(look);
  }
  return looks;
}

std::vector<Region> closerLooks(std::size_t width, std::size_t height, std::size_t inputSide) {
  const Region whole = wholeRegion(width, height);
  if (whole.scale(inputSide) < kLeastGain) return {};
  const float side = whole.side / 2;
  std::vector<Region> looks;
  for (const float top : startsOf(static_cast<float>(height), side)) {
    for (const float left : startsOf(static_cast<float>(width), side)) {
      looks.push_back({{left + (side - 1) / 2, top + (side - 1) / 2}, side, 0});
    }
  }
  return looks;
}

bool isSmall(float side, std::size_t width, std::size_t height) {
  return side * kSmallShare < static_cast<float>(std::max(width, height));
}

}  // namespace countenance
