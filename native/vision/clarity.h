#pragma once

#include "core/image.h"
#include "vision/region.h"

namespace countenance {

/// How well the pixels of a face can be seen.
struct Clarity {
  /// Standard deviation of the Laplacian of its grey values at a fixed size: 0 is flat.
  float sharpness = 0;
  float light = 0;  ///< Mean grey value, 0..255.
};

/// @param picture  Borrowed for this call only.
/// @param face  Its square; what reaches past the picture does not count; 0 when all of it does.
Clarity clarityOf(ImageView picture, const Region& face);

}  // namespace countenance
