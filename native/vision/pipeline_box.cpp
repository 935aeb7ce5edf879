#include "vision/pipeline_box.h"

#include <cmath>

namespace countenance {
namespace {

/// Where a detector's box lies in BlazeFace's of the same face, which stands upright.
struct Placement {
  float x;      // of its centre, from the other's, in sides of the other
  float y;      // downwards
  float width;  // in sides of the other
  float height;
};

// Medians over the photos of ../shared/data/photos: bench/accuracy/detection.ts.
constexpr Placement kHog{-0.0030F, -0.0328F, 0.982F, 0.982F};
constexpr Placement kYuNet{-0.003F, -0.1125F, 0.90F, 1.26F};

/// A square of another detector's around the same face.
Box square(const Detection& detection, float side, float x, float y) {
  const Box& box = detection.box;
  const float cosine = std::cos(detection.roll);
  const float sine = std::sin(detection.roll);
  const float centreX = box.x + box.width / 2 + cosine * x - sine * y;
  const float centreY = box.y + box.height / 2 + sine * x + cosine * y;
  return {centreX - side / 2, centreY - side / 2, side, side};
}

/// BlazeFace's square of what another detector found.
Box back(const Detection& detection, const Placement& placement) {
  const float side =
      (detection.box.width / placement.width + detection.box.height / placement.height) / 2;
  return square(detection, side, -placement.x * side, -placement.y * side);
}

}  // namespace

Box asBlazeFace(const Detection& detection, DetectorKind from) {
  if (from == DetectorKind::kHog) return back(detection, kHog);
  if (from == DetectorKind::kYuNet) return back(detection, kYuNet);
  return detection.box;
}

Box asWider(const Detection& detection, DetectorKind from) {
  if (from == DetectorKind::kYuNet) return detection.box;  // it was trained on them
  Detection blazeFace = detection;
  blazeFace.box = asBlazeFace(detection, from);
  const float side = (blazeFace.box.width + blazeFace.box.height) / 2;
  const Box around = square(blazeFace, side, kYuNet.x * side, kYuNet.y * side);
  const float width = kYuNet.width * side;
  const float height = kYuNet.height * side;
  return {around.x + (side - width) / 2, around.y + (side - height) / 2, width, height};
}

Box asHog(const Detection& detection, DetectorKind from) {
  if (from == DetectorKind::kHog) return detection.box;
  Detection blazeFace = detection;
  blazeFace.box = asBlazeFace(detection, from);
  const float side = (blazeFace.box.width + blazeFace.box.height) / 2;
  return square(blazeFace, kHog.width * side, kHog.x * side, kHog.y * side);
}

}  // namespace countenance
