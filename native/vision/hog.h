#pragma once

#include <memory>
#include <vector>

#include "core/image.h"
#include "vision/detection.h"

namespace countenance {

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
  /// @param picture  Any size from 1 x 1; borrowed for this call only.
  /// @returns Boxes in pixels of the picture, which may reach past its edge, without points. A
  /// score is the distance from the classifier's threshold.
  std::vector<Detection> detect(ImageView picture);

 private:
  struct Classifier;
  std::unique_ptr<Classifier> classifier_;
};

}  // namespace countenance
