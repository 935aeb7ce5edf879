#include "vision/pipeline.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "vision/align.h"

namespace countenance {
namespace {

/// A total order, so that the same picture always gives the same list.
bool before(const Detection& a, const Detection& b) {
  return std::make_tuple(-a.box.area(), a.box.y, a.box.x, -a.score) <
         std::make_tuple(-b.box.area(), b.box.y, b.box.x, -b.score);
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const LandmarkFinder> landmarks, Embedder embedder)
    : landmarks_(std::move(landmarks)), embedder_(std::move(embedder)) {}

std::vector<Face> Pipeline::analyze(ImageView picture, const AnalyzeOptions& options,
                                    const CancelToken& cancel) {
  if (picture.width == 0 || picture.height == 0) {
    throw Error(ErrorCode::kInvalidArgument, "picture: expected at least 1 x 1 pixels, got " +
                                                 std::to_string(picture.width) + " x " +
                                                 std::to_string(picture.height));
  }
  cancel.check();
  std::vector<Detection> detections = detector_.detect(picture);
  std::sort(detections.begin(), detections.end(), before);

  std::vector<Face> faces;
  for (const Detection& detection : detections) {
    if (faces.size() == options.maxFaces) break;
    cancel.check();
    Face face;
    face.box = detection.box;
    face.score = detection.score;
    face.landmarks = landmarks_->find(picture, detection.box);
    const std::optional<Image> chip = align(picture, face.landmarks);
    if (!chip) continue;
    if (options.embed) {
      cancel.check();
      face.embedding = embedder_.embed(chip->view());
    }
    faces.push_back(std::move(face));
  }
  return faces;
}

}  // namespace countenance
