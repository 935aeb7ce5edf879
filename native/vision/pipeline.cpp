#include "vision/pipeline.h"

#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "vision/align.h"
#include "vision/align_mesh.h"
#include "vision/pipeline_box.h"
#include "vision/warp.h"

namespace countenance {
namespace {

void expect(bool present, const char* what) {
  if (!present) throw Error(ErrorCode::kInvalidArgument, std::string("pipeline: missing ") + what);
}

std::shared_ptr<const PipelineModels> checked(std::shared_ptr<const PipelineModels> models) {
  expect(models != nullptr, "models");
  expect(models->embedder != nullptr, "embedder");
  expect(models->detector == DetectorKind::kHog || models->detectorNetwork != nullptr, "detector");
  if (models->alignment == Alignment::kMesh) expect(models->mesh != nullptr, "mesh");
  if (models->alignment == Alignment::kDlib) expect(models->landmarks != nullptr, "landmarks");
  return models;
}

// dlib's shape predictor was trained on faces that its HOG detector finds: those turned by less.
constexpr float kMostRoll = 0.35F;  // radians

// What a turned face is set upright in: the predictor knows faces of this size, with hair and chin.
constexpr std::size_t kCropSize = 300;
constexpr float kCropMargin = 2;

Landmarks5 dlibLandmarks(const LandmarkFinder& finder, ImageView picture, const Box& box,
                         float roll) {
  if (std::abs(roll) <= kMostRoll) return finder.find(picture, box);
  const Point centre{box.x + (box.width - 1) / 2, box.y + (box.height - 1) / 2};
  const Affine toPicture = Region{centre, kCropMargin * box.width, roll}.toPicture(kCropSize);
  const Image crop = warp(picture, toPicture, kCropSize, kCropSize);
  constexpr float kSide = kCropSize / kCropMargin;
  constexpr float kStart = (kCropSize - kSide) / 2;
  Landmarks5 points = finder.find(crop.view(), {kStart, kStart, kSide, kSide});
  for (Point& point : points) point = toPicture(point);
  return points;
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const PipelineModels> models)
    : models_(checked(std::move(models))), finder_(*models_), embedder_(models_->embedder) {}

std::optional<Chip> Pipeline::align(ImageView picture, const FoundFace& found, Face& face) {
  if (models_->alignment == Alignment::kMesh) {
    face.landmarks = found.mesh->landmarks();
    return alignMesh(picture, {found.mesh->points.data(), found.mesh->points.size()});
  }
  face.landmarks = dlibLandmarks(*models_->landmarks, picture,
                                 asHog(found.detection, models_->detector), found.detection.roll);
  return countenance::align(picture, face.landmarks);
}

std::vector<Face> Pipeline::analyze(ImageView picture, const AnalyzeOptions& options,
                                    const CancelToken& cancel) {
  if (picture.width == 0 || picture.height == 0) {
    throw Error(ErrorCode::kInvalidArgument, "picture: expected at least 1 x 1 pixels, got " +
                                                 std::to_string(picture.width) + " x " +
                                                 std::to_string(picture.height));
  }
  std::vector<Face> faces;
  for (const FoundFace& found : finder_.find(picture, options.maxFaces, cancel)) {
    cancel.check();
    Face face;
    face.box = found.detection.box;
    face.score = found.detection.score;
    const std::optional<Chip> chip = align(picture, found, face);
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

std::vector<float> Pipeline::embed(ImageView picture, const Detection& blazeFace,
                                   const Mesh& mesh) {
  std::optional<Chip> chip;
  if (models_->alignment == Alignment::kMesh) {
    chip = alignMesh(picture, {mesh.points.data(), mesh.points.size()});
  } else {
    const Box box = asHog(blazeFace, DetectorKind::kBlazeFace);
    chip = countenance::align(picture,
                              dlibLandmarks(*models_->landmarks, picture, box, blazeFace.roll));
  }
  return chip ? embedder_.embed(chip->pixels.view()) : std::vector<float>();
}

}  // namespace countenance
