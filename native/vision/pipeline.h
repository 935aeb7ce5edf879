#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/face.h"
#include "core/image.h"
#include "vision/detection.h"
#include "vision/embed.h"
#include "vision/hog.h"
#include "vision/landmarks.h"

namespace countenance {

namespace nn {
class Network;
}

enum class DetectorKind { kBlazeFace, kHog, kYuNet };

/// How a face comes onto its chip: by FaceMesh's 468 points, or as dlib does it, by five.
enum class Alignment { kMesh, kDlib };

/// What a pipeline works with. Immutable: all workers share one.
struct PipelineModels {
  DetectorKind detector = DetectorKind::kHog;
  Alignment alignment = Alignment::kDlib;
  std::shared_ptr<const nn::Network> detectorNetwork;  ///< None for kHog.
  std::shared_ptr<const nn::Network> mesh;             ///< kMesh only.
  std::shared_ptr<const LandmarkFinder> landmarks;     ///< kDlib only.
  std::shared_ptr<const nn::ResNet> embedder;
};

struct AnalyzeOptions {
  bool embed = true;
  std::size_t maxFaces = 0;  ///< At most this many, the largest ones.
};

/// Detect, landmarks, align, embed: everything that is done to one picture, on the calling thread.
/// It keeps scratch memory, so each thread needs its own: a copy, which shares the models.
class Pipeline final {
 public:
  /// @throws Error(kInvalidArgument) when a model that the detector or the alignment needs is
  /// missing.
  explicit Pipeline(std::shared_ptr<const PipelineModels> models);

  /// Finds the faces of an upright picture, the largest first, equal ones by position.
  ///
  /// A detection whose landmarks fall together is no face and is left out.
  /// @param picture  RGB8 or greyscale, at least 1 x 1; borrowed for this call only.
  /// @throws Error(kInvalidArgument) for an empty picture, Error(kAborted) between stages and
  /// between faces once `cancel` is set.
  std::vector<Face> analyze(ImageView picture, const AnalyzeOptions& options,
                            const CancelToken& cancel);

 private:
  std::vector<Detection> detect(ImageView picture, const CancelToken& cancel);

  std::shared_ptr<const PipelineModels> models_;
  std::optional<HogDetector> hog_;  // about 10 MB, and up to 20 MB more while it works: kHog only
  Embedder embedder_;
};

}  // namespace countenance
