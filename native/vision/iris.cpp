#include "vision/iris.h"

#include <cmath>
#include <utility>

#include "core/error.h"
#include "vision/region.h"
#include "vision/warp.h"

namespace countenance {
namespace {

constexpr std::size_t kSide = 64;
constexpr PixelFormat kFormat{1 / 255.0F, 0, PixelFormat::Order::kRgb};
constexpr float kMargin = 2.3F;  // MediaPipe, iris_landmark: times the distance of the corners

Affine cropOf(const EyeCorners& eye) {
  const float x = eye.right.x - eye.left.x;
  const float y = eye.right.y - eye.left.y;
  const Point centre{(eye.left.x + eye.right.x) / 2, (eye.left.y + eye.right.y) / 2};
  return Region{centre, kMargin * std::hypot(x, y), std::atan2(y, x)}.toPicture(kSide);
}

/// The same crop, its left on the right.
Affine mirrored(const Affine& crop) {
  constexpr float kLast = kSide - 1;
  return {-crop.a, crop.b, crop.c + kLast * crop.a, -crop.d, crop.e, crop.f + kLast * crop.d};
}

}  // namespace

Iris::Iris(std::shared_ptr<const nn::Network> network)
    : network_(std::move(network)),
      scratch_(network_->scratch()),
      contour_(network_->outputIndex("contour")) {
  const nn::Shape3 input = network_->inputShape();
  if (input.height != kSide || input.width != kSide || input.channels != 3) {
    throw Error(ErrorCode::kModelCorrupt, "iris: expected 64 x 64 x 3 inputs");
  }
  const nn::Shape3 output = network_->outputShape(contour_);
  if (output.height * output.width * output.channels != 3 * kPoints) {
    throw Error(ErrorCode::kModelCorrupt, "iris: unexpected shape of contour");
  }
}

Iris::Contour Iris::leftEye(ImageView picture, const EyeCorners& corners) {
  return find(picture, cropOf(corners));
}

Iris::Contour Iris::rightEye(ImageView picture, const EyeCorners& corners) {
  return find(picture, mirrored(cropOf(corners)));
}

Iris::Contour Iris::find(ImageView picture, const Affine& toPicture) {
  warp(picture, toPicture, kSide, kSide, kFormat, network_->input(scratch_));
  network_->run(scratch_);
  const Span<const float> points = network_->output(scratch_, contour_);
  Contour contour;
  for (std::size_t i = 0; i < kPoints; ++i) {
    // x, y and depth; x and y of the first pixel's edge are 0.
    contour[i] = toPicture({points[3 * i] - 0.5F, points[3 * i + 1] - 0.5F});
  }
  return contour;
}

}  // namespace countenance
