#include "vision/pipeline.h"

#include <algorithm>
#include <optional>
#include <string>
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

void expect(bool present, const char* what) {
  if (!present) throw Error(ErrorCode::kInvalidArgument, std::string("pipeline: missing ") + what);
}

std::shared_ptr<const PipelineModels> checked(std::shared_ptr<const PipelineModels> models) {
  expect(models != nullptr, "models");
  expect(models->embedder != nullptr, "embedder");
  if (models->detector != DetectorKind::kHog || models->alignment != Alignment::kDlib) {
    throw Error(ErrorCode::kInvalidArgument, "pipeline: expected detector hog, alignment dlib");
  }
  expect(models->landmarks != nullptr, "landmarks");
  return models;
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const PipelineModels> models)
    : models_(checked(std::move(models))), embedder_(models_->embedder) {
  if (models_->detector == DetectorKind::kHog) hog_.emplace();
}

std::vector<Detection> Pipeline::detect(ImageView picture, const CancelToken& cancel) {
  cancel.check();
  std::vector<Detection> detections = hog_->detect(picture);
  std::sort(detections.begin(), detections.end(), before);
  return detections;
}

std::vector<Face> Pipeline::analyze(ImageView picture, const AnalyzeOptions& options,
                                    const CancelToken& cancel) {
  if (picture.width == 0 || picture.height == 0) {
    throw Error(ErrorCode::kInvalidArgument, "picture: expected at least 1 x 1 pixels, got " +
                                                 std::to_string(picture.width) + " x " +
                                                 std::to_string(picture.height));
  }
  std::vector<Face> faces;
  for (const Detection& detection : detect(picture, cancel)) {
    if (faces.size() == options.maxFaces) break;
    cancel.check();
    Face face;
    face.box = detection.box;
    face.score = detection.score;
    face.landmarks = models_->landmarks->find(picture, detection.box);
    const std::optional<Chip> chip = align(picture, face.landmarks);
    if (!chip) continue;
    face.chipScale = chip->scale;
    if (options.embed) {
      cancel.check();
      face.embedding = embedder_.embed(chip->pixels.view());
    }
    faces.push_back(std::move(face));
  }
  return faces;
}

}  // namespace countenance
