#pragma once

#include <memory>
#include <vector>

#include "core/geometry.h"
#include "core/image.h"

namespace countenance {

/// One place of a picture that looks like a face.
struct Detection {
  Box box;
  float score = 0;  ///< Distance from the classifier's threshold; larger is surer.
};

/// dlib's frontal face detector: five linear classifiers over histograms of oriented gradients.
/// It keeps scratch memory, so each thread needs its own.
class HogDetector final {
 public:
  HogDetector();
  ~HogDetector();
  /// A copy is another thread's detector; making one anew takes ten times as long.
  HogDetector(const HogDetector& other);
  HogDetector(HogDetector&&) noexcept;

  /// Finds the faces of an upright picture, surest first; the same picture gives the same answer.
  ///
  /// @param picture  RGB8, any size from 1 x 1; borrowed for this call only.
  /// @returns Boxes in pixels of the picture; they may reach past its edge.
  std::vector<Detection> detect(ImageView picture);

 private:
  struct Classifier;
  std::unique_ptr<Classifier> classifier_;
};

}  // namespace countenance
