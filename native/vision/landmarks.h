#pragma once

#include <memory>

#include "core/geometry.h"
#include "core/image.h"

namespace countenance {

class ModelFile;

/// dlib's 5-point shape predictor: a cascade of regression trees that starts from a face's box.
/// Immutable: all threads may share one.
class LandmarkFinder final {
 public:
  /// @param model  A container of kind landmarks (models/dlib-landmarks-5.bin).
  /// @throws Error(kModelCorrupt) when its tensors do not fit together.
  explicit LandmarkFinder(const ModelFile& model);
  ~LandmarkFinder();
  LandmarkFinder(LandmarkFinder&&) noexcept;

  /// @param picture  Borrowed for this call only.
  /// @param box  Pixels of the picture, as the detector gave it.
  /// @returns Whole pixels, because dlib rounds them and the embedder was trained so.
  Landmarks5 find(ImageView picture, const Box& box) const;

 private:
  struct Predictor;
  std::unique_ptr<const Predictor> predictor_;
};

}  // namespace countenance
