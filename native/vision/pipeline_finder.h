#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/image.h"
#include "vision/blazeface.h"
#include "vision/detection.h"
#include "vision/hog.h"
#include "vision/mesh.h"
#include "vision/pipeline_models.h"
#include "vision/yunet.h"

namespace countenance {

/// A face, and its mesh when there is a network for it.
struct FoundFace {
  Detection detection;
  std::optional<Mesh> mesh;
};

/// The pipeline's first half: a detector, which FaceMesh checks.
///
/// An upright face of a fair size takes one run of each network. It keeps scratch memory, so each
/// thread needs its own: a copy, which shares the models.
class FaceFinder final {
 public:
  explicit FaceFinder(const PipelineModels& models);

  /// @param most  How many faces are wanted: the largest ones.
  /// @returns Largest first, equal ones by position: the same picture always gives the same list.
  /// @throws Error(kAborted) between runs of the detector, and between faces, once `cancel` is set.
  std::vector<FoundFace> find(ImageView picture, std::size_t most, const CancelToken& cancel);

  /// One run of the detector over the whole picture: upright faces of a fair size, and nothing that
  /// it is not sure of. Bounds the cost where `find` would go on looking: FaceMesh runs for a few
  /// more faces than are wanted, whatever the picture shows.
  std::vector<FoundFace> glance(ImageView picture, std::size_t most, const CancelToken& cancel);

  /// Whether even a glance takes as long as a video has from frame to frame: 34 ms at 720p.
  bool isSlow() const { return kind_ == DetectorKind::kHog; }

 private:
  struct Search;

  using Look = std::function<std::vector<Detection>(const Region&)>;

  /// Those of a glance that FaceMesh can be sure of: not more of them than are worth its time.
  std::vector<Detection> hopeful(std::vector<Detection> seen, std::size_t most) const;
  /// The detection, if it is surely a face.
  std::optional<FoundFace> verified(ImageView picture, const Detection& detection);
  Mesh meshOf(ImageView picture, const Detection& detection);

  DetectorKind kind_;
  std::optional<HogDetector> hog_;  // about 10 MB, and up to 20 MB more while it works: kHog only
  std::optional<BlazeFace> blazeFace_;
  std::optional<YuNet> yuNet_;
  std::optional<FaceMesh> mesh_;
};

}  // namespace countenance
