#pragma once

#include <vector>

#include "core/geometry.h"

namespace countenance {

/// What the pipeline found at one place of a picture.
struct Face {
  Box box;
  float score = 0;  ///< The detector's own confidence; its scale belongs to the detector.
  Landmarks5 landmarks;
  /// Pixels of the picture per pixel of the chip, along a side; less than 1: it was magnified.
  float chipScale = 0;
  std::vector<float> embedding;  ///< Empty when the caller asked for no embedding.
};

}  // namespace countenance
