#include "vision/align_mesh.h"

#include <cmath>
#include <string>

#include "core/error.h"
#include "vision/align_template.h"
#include "vision/warp.h"

namespace countenance {
namespace {

struct Place {
  double x = 0;
  double y = 0;
};

template <typename At>
Place meanOf(At&& at) {
  Place mean;
  for (std::size_t i = 0; i < kMeshTemplate.size(); ++i) {
    mean.x += at(i).x / static_cast<double>(kMeshTemplate.size());
    mean.y += at(i).y / static_cast<double>(kMeshTemplate.size());
  }
  return mean;
}

/// The least-squares similarity from the template to the points. A turn and a scale are one complex
/// number, which no reflection is.
Affine similarity(Span<const Point> points) {
  const Place from = meanOf([](std::size_t i) { return kMeshTemplate[i]; });
  const Place to = meanOf([points](std::size_t i) { return points[i]; });
  double real = 0;
  double imaginary = 0;
  double spread = 0;
  for (std::size_t i = 0; i < kMeshTemplate.size(); ++i) {
    const double x = static_cast<double>(kMeshTemplate[i].x) - from.x;
    const double y = static_cast<double>(kMeshTemplate[i].y) - from.y;
    const double u = static_cast<double>(points[i].x) - to.x;
    const double v = static_cast<double>(points[i].y) - to.y;
    real += x * u + y * v;
    imaginary += x * v - y * u;
    spread += x * x + y * y;
  }
  real /= spread;
  imaginary /= spread;
  const auto a = static_cast<float>(real);
  const auto b = static_cast<float>(imaginary);
  return {a, -b, static_cast<float>(to.x - real * from.x + imaginary * from.y),
          b, a,  static_cast<float>(to.y - imaginary * from.x - real * from.y)};
}

}  // namespace

std::optional<Chip> alignMesh(ImageView picture, Span<const Point> points) {
  if (points.size() != kMeshTemplate.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "points: expected 468, got " + std::to_string(points.size()));
  }
  const Affine toPicture = similarity(points);
  const float scale = std::hypot(toPicture.a, toPicture.b);
  const double side = static_cast<double>(scale) * kChipSize;
  const bool inReach = std::abs(toPicture.c) < kMaxChipSide && std::abs(toPicture.f) < kMaxChipSide;
  if (!(side >= kMinChipSide && side <= kMaxChipSide && inReach)) return std::nullopt;  // nor NaN
  return Chip{warp(picture, toPicture, kChipSize, kChipSize), scale};
}

}  // namespace countenance
