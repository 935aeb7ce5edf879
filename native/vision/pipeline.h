#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/cancel.h"
#include "core/face.h"
#include "core/image.h"
#include "vision/detect.h"
#include "vision/embed.h"
#include "vision/landmarks.h"

namespace countenance {

struct AnalyzeOptions {
  bool embed = true;
  std::size_t maxFaces = 0;  ///< At most this many, the largest ones.
};

/// Detect, landmarks, align, embed: everything that is done to one picture, on the calling thread.
/// It keeps scratch memory, so each thread needs its own: a copy, which shares the models and takes
/// about 10 MB otherwise, and up to 20 MB of the detector's scratch memory while it works.
class Pipeline final {
 public:
  Pipeline(std::shared_ptr<const LandmarkFinder> landmarks, Embedder embedder);

  /// Finds the faces of an upright picture, the largest first, equal ones by position.
  ///
  /// A detection whose landmarks fall together is no face and is left out.
  /// @param picture  RGB8, at least 1 x 1; borrowed for this call only.
  /// @throws Error(kInvalidArgument) for an empty picture, Error(kAborted) between stages and
  /// between faces once `cancel` is set.
  std::vector<Face> analyze(ImageView picture, const AnalyzeOptions& options,
                            const CancelToken& cancel);

 private:
  HogDetector detector_;
  std::shared_ptr<const LandmarkFinder> landmarks_;  // shared by all workers: it never changes
  Embedder embedder_;
};

}  // namespace countenance
