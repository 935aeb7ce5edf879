#pragma once

#include <memory>

namespace countenance {

class LandmarkFinder;

namespace nn {
class Network;
class ResNet;
}  // namespace nn

enum class DetectorKind { kBlazeFace, kHog, kYuNet };

/// How a face comes onto its chip: by FaceMesh's 468 points, or as dlib does it, by five.
enum class Alignment { kMesh, kDlib };

/// What a pipeline works with. Immutable: all workers share one.
struct PipelineModels {
  DetectorKind detector = DetectorKind::kHog;
  Alignment alignment = Alignment::kDlib;
  std::shared_ptr<const nn::Network> detectorNetwork;  ///< None for kHog.
  /// For kMesh. With kDlib it may be there to check what kBlazeFace and kYuNet find: without it
  /// they find upright faces only, as their scores alone do not tell faces from other things well
  /// enough.
  std::shared_ptr<const nn::Network> mesh;
  std::shared_ptr<const LandmarkFinder> landmarks;  ///< kDlib only.
  // What follows a face through frames (pipeline_track.h); a pipeline does without.
  std::shared_ptr<const nn::Network> trackedMesh;
  std::shared_ptr<const nn::Network> iris;
  std::shared_ptr<const nn::ResNet> embedder;
};

}  // namespace countenance
