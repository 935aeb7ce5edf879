#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "core/cancel.h"
#include "core/face.h"
#include "core/image.h"
#include "vision/chip.h"
#include "vision/embed.h"
#include "vision/landmarks.h"
#include "vision/pipeline_finder.h"
#include "vision/pipeline_models.h"

namespace countenance {

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

  /// Finds the faces of a picture, the largest first, equal ones by position.
  ///
  /// A detection whose landmarks fall together is no face and is left out. The picture should stand
  /// upright, as kHog finds no other faces and the ones that are turned cost the others more time.
  /// @param picture  RGB8 or greyscale, at least 1 x 1; borrowed for this call only.
  /// @throws Error(kInvalidArgument) for an empty picture, Error(kAborted) between stages and
  /// between faces once `cancel` is set.
  std::vector<Face> analyze(ImageView picture, const AnalyzeOptions& options,
                            const CancelToken& cancel);

  /// The first half of that.
  FaceFinder& finder() { return finder_; }

  /// The second half, for a face that something else follows, standing where BlazeFace would say.
  /// @returns 128 values, as `analyze` gives them; none when this is no face after all.
  std::vector<float> embed(ImageView picture, const Detection& blazeFace, const Mesh& mesh);

 private:
  /// Fills in the landmarks and cuts the chip; nothing when this is no face after all.
  std::optional<Chip> align(ImageView picture, const FoundFace& found, Face& face);

  std::shared_ptr<const PipelineModels> models_;
  FaceFinder finder_;
  Embedder embedder_;
};

}  // namespace countenance
