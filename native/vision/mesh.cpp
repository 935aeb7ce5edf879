#include "vision/mesh.h"

#include <utility>

#include "core/error.h"
#include "vision/warp.h"

namespace countenance {
namespace {

constexpr std::size_t kSide = 192;
constexpr PixelFormat kFormat{1 / 255.0F, 0, PixelFormat::Order::kRgb};

// MediaPipe, face_geometry's canonical model: outer and inner corner of the right eye of the
// picture, of the left one, base of the nose.
constexpr std::array<std::size_t, 5> kLandmarks = {263, 362, 33, 133, 2};

std::size_t checkedOutput(const nn::Network& network, const char* name, std::size_t size) {
  const std::size_t index = network.outputIndex(name);
  const nn::Shape3 shape = network.outputShape(index);
  if (shape.height * shape.width * shape.channels != size) {
    throw Error(ErrorCode::kModelCorrupt, std::string("FaceMesh: unexpected shape of ") + name);
  }
  return index;
}

}  // namespace

Landmarks5 Mesh::landmarks() const {
  Landmarks5 five;
  for (std::size_t i = 0; i < five.size(); ++i) five[i] = points[kLandmarks[i]];
  return five;
}

FaceMesh::FaceMesh(std::shared_ptr<const nn::Network> network)
    : network_(std::move(network)),
      scratch_(network_->scratch()),
      points_(checkedOutput(*network_, "points", 3 * Mesh::kPoints)),
      flag_(checkedOutput(*network_, "flag", 1)) {
  const nn::Shape3 input = network_->inputShape();
  if (input.height != kSide || input.width != kSide || input.channels != 3) {
    throw Error(ErrorCode::kModelCorrupt, "FaceMesh: expected 192 x 192 x 3 inputs");
  }
}

Mesh FaceMesh::find(ImageView picture, const Region& face) {
  const Affine toPicture = face.toPicture(kSide);
  warp(picture, toPicture, kSide, kSide, kFormat, network_->input(scratch_));
  network_->run(scratch_);
  const Span<const float> points = network_->output(scratch_, points_);
  Mesh mesh;
  for (std::size_t i = 0; i < Mesh::kPoints; ++i) {
    // x, y and depth; x and y of the first pixel's edge are 0.
    mesh.points[i] = toPicture({points[3 * i] - 0.5F, points[3 * i + 1] - 0.5F});
  }
  mesh.flag = network_->output(scratch_, flag_)[0];
  return mesh;
}

}  // namespace countenance
