#pragma once

#include <cstddef>
#include <memory>

#include "core/cancel.h"
#include "core/geometry.h"
#include "core/image.h"
#include "vision/minifasnet.h"
#include "vision/pipeline_finder.h"
#include "vision/pipeline_models.h"

namespace countenance {

/// The networks of a passive check. Immutable: all workers share them.
struct PassiveModels {
  std::shared_ptr<const nn::Network> v2;
  std::shared_ptr<const nn::Network> v1se;
};

/// What a picture shows, and what the networks make of its largest face.
struct PassiveScores {
  std::size_t faces = 0;  ///< At most 2 are counted. The rest says nothing when there is none.
  Box box;                ///< Of the detector, in pixels of the picture.
  float v2 = 0;           ///< LiveScore::live of each network.
  float v1se = 0;
  float scale = 0;   ///< LiveScore::scale of V1SE, which wants the more: up to 4.
  float colour = 0;  ///< LiveScore::colour of V1SE.
};

/// Is there a face before the camera, or a picture of one? It keeps scratch memory, so each thread
/// needs its own: a copy, which shares the networks.
class PassiveCheck final {
 public:
  /// @param detector  Of the finder that is given to check().
  /// @throws Error(kModelCorrupt) when one of the networks is no MiniFASNet.
  PassiveCheck(const PassiveModels& models, DetectorKind detector);

  /// @param picture  Upright, at least 1 x 1 pixels; borrowed for this call only.
  /// @throws Error(kAborted) between stages once `cancel` is set.
  PassiveScores check(ImageView picture, FaceFinder& finder, const CancelToken& cancel);

 private:
  MiniFasNet v2_;
  MiniFasNet v1se_;
  DetectorKind detector_;
};

}  // namespace countenance
